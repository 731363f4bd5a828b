import { primitives } from '#primitives'
import type { HashName } from './primitives/primitives.js'

export type { HashName } from './primitives/primitives.js'

/** A plain hash: of channel bindings, of an encrypted authenticator for the replay cache, of evidence in a cache key. */
export function digest(hash: HashName, data: Uint8Array): Uint8Array {
  return primitives.digest(hash, data)
}
