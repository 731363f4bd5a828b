import { RejectedTokenError } from '../errors/errors.js'
import { utf8 } from './algorithms/octets.js'
import type { EncryptionType } from './encryption-types/encryption-type.js'

export interface IterationLimits {
  readonly minimum: number
  readonly maximum: number
}

/**
 * The PBKDF2 iterations that a KDC may ask for. It asks before it has proved who it is, in octets
 * that anybody on the network can change.
 *
 * With fewer than 4096, the least default of any encryption type, an attacker who forged the answer
 * could guess the password cheaply from what the client sends next. More than 2^20, about a second
 * of computing, would keep the client busy for hours: the field goes up to 2^32. KDCs use 4096 and
 * 32768.
 */
export const ITERATION_LIMITS: IterationLimits = { minimum: 4096, maximum: 2 ** 20 }

/**
 * Makes the octets of the key that belongs to a password (RFC 3961 section 3, string-to-key). On
 * Node this does not block the event loop.
 *
 * @throws RejectedTokenError KRB5_ERR_BAD_S2K_PARAMS if `s2kparams` is not acceptable
 */
export async function stringToKey(
  type: EncryptionType,
  password: string,
  salt: Uint8Array | string,
  s2kparams?: Uint8Array,
  limits: IterationLimits = ITERATION_LIMITS,
): Promise<Uint8Array> {
  const saltOctets = typeof salt === 'string' ? utf8(salt) : salt
  return type.stringToKey(password, saltOctets, iterationsOf(type, s2kparams, limits))
}

/**
 * Reads the number of iterations (RFC 3962 section 4, RFC 6803 section 4, RFC 8009 section 4): four
 * octets, most significant first; zero is 2^32.
 */
function iterationsOf(type: EncryptionType, s2kparams: Uint8Array | undefined, limits: IterationLimits): number {
  // A type without iterations has no parameter either (RFC 4757 section 2).
  if (type.defaultIterations === undefined) return 0
  if (s2kparams === undefined) return type.defaultIterations
  if (s2kparams.length !== 4) throw badParameters(`are ${s2kparams.length} octets instead of 4`)
  const iterations = new DataView(s2kparams.buffer, s2kparams.byteOffset, 4).getUint32(0) || 2 ** 32
  if (iterations < limits.minimum) throw badParameters(`ask for ${iterations} iterations, fewer than ${limits.minimum}`)
  if (iterations > limits.maximum) throw badParameters(`ask for ${iterations} iterations, more than ${limits.maximum}`)
  return iterations
}

function badParameters(what: string): RejectedTokenError {
  return new RejectedTokenError(`the string-to-key parameters ${what}`, {
    code: 'KRB5_ERR_BAD_S2K_PARAMS',
    hint: 'They come from the KDC, or from somebody who pretends to be it. Use a keytab instead of a password, or look at how the KDC is set up.',
  })
}
