import { primitives } from '#primitives'
import type { DigestName } from './primitives/primitives.js'

export type { DigestName, HashName } from './primitives/primitives.js'

/**
 * Computes a plain hash, for example of channel bindings, or of an encrypted authenticator to
 * detect a replay.
 *
 * @example
 * ```ts
 * import { digest } from '@s4u/krb5'
 *
 * digest('sha256', new TextEncoder().encode('abc')) // 32 octets
 * ```
 */
export function digest(hash: DigestName, data: Uint8Array): Uint8Array {
  return primitives.digest(hash, data)
}
