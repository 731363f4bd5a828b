import { type ReplayStore, requireFresh } from './replay-store.js'

/**
 * The authenticator of a request, the verdict on it, and the stores that have returned the verdict.
 */
interface Remembered {
  readonly digest: Uint8Array
  readonly verdict: void | Promise<void>
  readonly stores: Set<ReplayStore>
}

const rememberedOf = new WeakMap<object, WeakMap<object, Remembered>>()

/**
 * Does what `requireFresh` does, but once for each request and memory. If two acceptors with one
 * memory stand in front of a route, both see the same authenticator, which is not a replay. A
 * request object exists only in this process, so an attacker cannot send it again.
 *
 * @param memory what the store uses: the store itself if an option gives one, else the memory that
 * all acceptors of this process share
 * @throws RejectedTokenError, ReplayStoreFault
 */
export function requireFreshOnce(
  request: object,
  memory: object,
  store: ReplayStore,
  digest: Uint8Array,
  expiresAt: number,
  issuedAt?: number,
): void | Promise<void> {
  const earlier = rememberedOf.get(request)?.get(memory)
  if (earlier !== undefined && Buffer.compare(earlier.digest, digest) === 0) {
    // An acceptor that asks a second time was given the same token twice.
    const again = store !== memory && earlier.stores.has(store)
    if (!again) {
      earlier.stores.add(store)
      return earlier.verdict
    }
  }
  const verdict = requireFresh(store, digest, expiresAt, issuedAt)
  const memories = rememberedOf.get(request) ?? new WeakMap<object, Remembered>()
  rememberedOf.set(request, memories.set(memory, { digest, verdict, stores: new Set([store]) }))
  return verdict
}
