/** Bits of NegotiateFlags that are read or written here. MS-NLMP section 2.2.2.5. */
export const NtlmFlag = {
  UNICODE: 0x1,
  REQUEST_TARGET: 0x4,
  SIGN: 0x10,
  SEAL: 0x20,
  NTLM: 0x200,
  ANONYMOUS: 0x800,
  ALWAYS_SIGN: 0x8000,
  TARGET_TYPE_DOMAIN: 0x1_0000,
  EXTENDED_SESSION_SECURITY: 0x8_0000,
  TARGET_INFO: 0x80_0000,
  VERSION: 0x200_0000,
  KEY_128: 0x2000_0000,
  KEY_EXCHANGE: 0x4000_0000,
  KEY_56: 0x8000_0000,
} as const

/** What a challenge says in any case. */
const ALWAYS =
  NtlmFlag.UNICODE |
  NtlmFlag.NTLM |
  NtlmFlag.ALWAYS_SIGN |
  NtlmFlag.TARGET_TYPE_DOMAIN |
  NtlmFlag.EXTENDED_SESSION_SECURITY |
  NtlmFlag.TARGET_INFO |
  NtlmFlag.VERSION

/** What a challenge says where the client has said it. */
const ECHOED =
  NtlmFlag.REQUEST_TARGET | NtlmFlag.SIGN | NtlmFlag.SEAL | NtlmFlag.KEY_128 | NtlmFlag.KEY_EXCHANGE | NtlmFlag.KEY_56

/** Returns the flags of a challenge. Keys of LAN Manager and datagrams are not offered. */
export function challengeFlags(offered: number): number {
  return (ALWAYS | (offered & ECHOED)) >>> 0
}

export function hasNtlmFlag(flags: number, flag: number): boolean {
  return (flags & flag) !== 0
}
