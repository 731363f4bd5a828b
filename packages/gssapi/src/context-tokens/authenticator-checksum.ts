import {
  type Authenticator,
  ByteReader,
  ByteWriter,
  type Checksum,
  ConfigurationError,
  RejectedTokenError,
} from '@s4u/krb5'
import { ContextFlag } from './context-flags.js'

/** The type of this checksum. Its value is the structure below, and not a checksum. */
export const GSS_CHECKSUM_TYPE = 0x8003

/**
 * What a GSS-API initiator says in the checksum field of its authenticator. All integers are
 * little-endian.
 * Source: RFC 4121 section 4.1.1.
 *
 *     0..3    Lgth   16
 *     4..19   Bnd    MD5 of the channel bindings, or zeros
 *     20..23  Flags
 *     24..25  DlgOpt 1      -- from here only with the DELEG flag
 *     26..27  Dlgth
 *     28..    Deleg  KRB-CRED
 *     ..      Exts
 */
export interface AuthenticatorChecksum {
  /** 16 octets, all zero if the initiator bound no channel. */
  readonly channelBindings: Uint8Array
  readonly flags: number
  /** The encoded KRB-CRED of a forwarded ticket. It is there exactly if `flags` has DELEG. */
  readonly delegation?: Uint8Array
  /** Extensions of later versions, which are not read. */
  readonly extensions?: Uint8Array
}

/**
 * Returns the checksum of an authenticator. Source: RFC 4121 section 4.1.1.
 * @throws RejectedTokenError KRB_AP_ERR_INAPP_CKSUM if there is no checksum of this type: flags and
 * bindings are unknown then
 * @throws MalformedTokenError
 *
 * @example
 * ```ts
 * import { isUnbound, readAuthenticatorChecksum } from '@s4u/gssapi'
 * import type { OpenedApReq } from '@s4u/krb5'
 *
 * // Whether the client has bound its token to a channel of TLS.
 * export function isBound({ authenticator }: OpenedApReq): boolean {
 *   return !isUnbound(readAuthenticatorChecksum(authenticator).channelBindings)
 * }
 * ```
 */
export function readAuthenticatorChecksum({ cksum }: Pick<Authenticator, 'cksum'>): AuthenticatorChecksum {
  if (cksum?.cksumtype !== GSS_CHECKSUM_TYPE) {
    const found = cksum === undefined ? 'none' : `type ${cksum.cksumtype}`
    throw new RejectedTokenError(`the authenticator needs the GSS-API checksum (type 0x8003), it has ${found}`, {
      code: 'KRB_AP_ERR_INAPP_CKSUM',
      hint: 'The client speaks Kerberos without GSS-API. Negotiate needs a GSS-API or SSPI client.',
    })
  }
  return decodeAuthenticatorChecksum(cksum.checksum)
}

/**
 * Returns the parts of the GSS-API checksum of an authenticator, from its octets. Source: RFC 4121
 * section 4.1.1.
 * @throws MalformedTokenError
 *
 * @example
 * ```ts
 * import { decodeAuthenticatorChecksum, encodeAuthenticatorChecksum } from '@s4u/gssapi'
 *
 * const { checksum } = encodeAuthenticatorChecksum({ flags: 2 })
 * console.log(decodeAuthenticatorChecksum(checksum).flags) // 2
 * ```
 */
export function decodeAuthenticatorChecksum(bytes: Uint8Array): AuthenticatorChecksum {
  const reader = new ByteReader(bytes, 'Authenticator.cksum')
  const length = reader.u32le('Lgth')
  if (length !== BINDINGS_OCTETS) reader.fail('Lgth', String(BINDINGS_OCTETS), String(length))
  const channelBindings = reader.bytes(BINDINGS_OCTETS, 'Bnd')
  const flags = reader.u32le('Flags')
  const delegation = (flags & ContextFlag.DELEG) !== 0 ? readDelegation(reader) : undefined
  const extensions = reader.remaining > 0 ? reader.rest() : undefined
  return { channelBindings, flags, delegation, extensions }
}

/**
 * Returns the checksum field of an authenticator. `delegation` sets the flag DELEG.
 * @throws ConfigurationError
 *
 * @example
 * ```ts
 * import { ContextFlag, encodeAuthenticatorChecksum, GSS_CHECKSUM_TYPE } from '@s4u/gssapi'
 *
 * const cksum = encodeAuthenticatorChecksum({ flags: ContextFlag.MUTUAL | ContextFlag.INTEG })
 * console.log(cksum.cksumtype === GSS_CHECKSUM_TYPE, cksum.checksum.length) // true 24
 * ```
 */
export function encodeAuthenticatorChecksum(
  value: Omit<AuthenticatorChecksum, 'channelBindings'> & { readonly channelBindings?: Uint8Array },
): Checksum {
  const { channelBindings = NO_BINDINGS, delegation, extensions } = value
  if (channelBindings.length !== BINDINGS_OCTETS)
    throw new ConfigurationError('the hash of channel bindings has 16 octets')
  const flags = delegation === undefined ? value.flags & ~ContextFlag.DELEG : value.flags | ContextFlag.DELEG
  const writer = new ByteWriter(FIXED_OCTETS).u32le(BINDINGS_OCTETS).bytes(channelBindings).u32le(flags)
  if (delegation !== undefined) {
    if (delegation.length > MAX_DELEGATION_OCTETS) {
      throw new ConfigurationError(
        `a KRB-CRED of ${delegation.length} octets does not fit, ${MAX_DELEGATION_OCTETS} is the most`,
      )
    }
    writer.u16le(DELEGATION_OPTION).u16le(delegation.length).bytes(delegation)
  }
  if (extensions !== undefined) writer.bytes(extensions)
  return { cksumtype: GSS_CHECKSUM_TYPE, checksum: writer.toBytes() }
}

const BINDINGS_OCTETS = 16
/** The octets before DlgOpt, which are always there. */
const FIXED_OCTETS = 24
const NO_BINDINGS: Uint8Array = new Uint8Array(BINDINGS_OCTETS)
const DELEGATION_OPTION = 1
/** Dlgth has two octets. */
const MAX_DELEGATION_OCTETS = 0xffff

function readDelegation(reader: ByteReader): Uint8Array {
  const option = reader.u16le('DlgOpt')
  if (option !== DELEGATION_OPTION) reader.fail('DlgOpt', String(DELEGATION_OPTION), String(option))
  return reader.bytes(reader.u16le('Dlgth'), 'Deleg')
}
