import { primitives } from '#primitives'
import type { DigestName } from './primitives/primitives.js'

export type { DigestName, HashName } from './primitives/primitives.js'

/** A plain hash: of channel bindings, of an encrypted authenticator for the replay cache, of evidence in a cache key. */
export function digest(hash: DigestName, data: Uint8Array): Uint8Array {
  return primitives.digest(hash, data)
}
