import { createHash, timingSafeEqual } from 'node:crypto'
import type { MechListSigner } from '@s4u/gssapi'
import { ByteWriter, rc4 } from '@s4u/krb5'
import { hasNtlmFlag, NtlmFlag } from '../messages/ntlm-flags.js'
import { hmacMd5 } from './ntlmv2-keys.js'

/**
 * Returns what signs the list of mechanisms of a handshake. Each signature is the first of its
 * direction: number 0, with RC4 at its begin. A context that went on would begin again after it
 * (MS-SPNG section 3.3.5.1); HTTP sends nothing that is signed.
 *
 * @param exported ExportedSessionKey, which may be wiped afterwards
 * @param flags those of the AUTHENTICATE_MESSAGE
 * @param mustConfirm whether the client has protected its messages, so that it knows how to sign
 */
export function mechListSigner(exported: Uint8Array, flags: number, mustConfirm: boolean): MechListSigner {
  const ours = directionKeys(exported, flags, 'server-to-client')
  const theirs = directionKeys(exported, flags, 'client-to-server')
  return {
    mustConfirm,
    sign: (list) => signatureOf(list, ours, flags),
    verify: (list, mic) => mic.length === LENGTH && timingSafeEqual(mic, signatureOf(list, theirs, flags)),
  }
}

/**
 * The keys of one direction, with extended session security. MS-NLMP sections 3.4.5.2 and 3.4.5.3.
 */
interface DirectionKeys {
  readonly signing: Uint8Array
  readonly sealing: Uint8Array
}

export type Direction = 'client-to-server' | 'server-to-client'

export function directionKeys(exported: Uint8Array, flags: number, direction: Direction): DirectionKeys {
  const sealed = exported.subarray(0, sealingLength(flags))
  return {
    signing: keyFor(exported, `session key to ${direction} signing key magic constant\0`),
    sealing: keyFor(sealed, `session key to ${direction} sealing key magic constant\0`),
  }
}

function keyFor(key: Uint8Array, magic: string): Uint8Array {
  return new Uint8Array(createHash('md5').update(key).update(magic).digest())
}

/** How many octets of the session key count for sealing. */
function sealingLength(flags: number): number {
  if (hasNtlmFlag(flags, NtlmFlag.KEY_128)) return 16
  return hasNtlmFlag(flags, NtlmFlag.KEY_56) ? 7 : 5
}

/** NTLMSSP_MESSAGE_SIGNATURE. MS-NLMP sections 2.2.2.9.2 and 3.4.4.2. */
function signatureOf(message: Uint8Array, { signing, sealing }: DirectionKeys, flags: number): Uint8Array {
  const checksum = hmacMd5(signing, new Uint8Array(4), message).subarray(0, 8)
  const shown = hasNtlmFlag(flags, NtlmFlag.KEY_EXCHANGE) ? rc4(sealing, checksum) : checksum
  return new ByteWriter(LENGTH).u32le(1).bytes(shown).u32le(0).toBytes()
}

const LENGTH = 16
