import { type ReplayStore, requireFresh } from './replay-store.js'

/** The authenticator of a request, the verdict on it, and the stores whose acceptors have it. */
interface Remembered {
  readonly digest: Uint8Array
  readonly verdict: void | Promise<void>
  readonly stores: Set<ReplayStore>
}

const rememberedOf = new WeakMap<object, WeakMap<object, Remembered>>()

/**
 * As `requireFresh`, but once for each request and memory: where two acceptors with one memory
 * stand in front of a route, the second one sees the first one's authenticator and no replay. A
 * request object is of this process alone, so that nobody can send it again.
 * @param memory what the store stands on: the store itself where it is given, or what all acceptors
 * of this process have by default
 * @throws RejectedTokenError, ReplayStoreFault
 */
export function requireFreshOnce(
  request: object,
  memory: object,
  store: ReplayStore,
  digest: Uint8Array,
  expiresAt: number,
): void | Promise<void> {
  const earlier = rememberedOf.get(request)?.get(memory)
  if (earlier !== undefined && Buffer.compare(earlier.digest, digest) === 0) {
    // An acceptor that asks again by itself has been handed the same token twice.
    const again = store !== memory && earlier.stores.has(store)
    if (!again) {
      earlier.stores.add(store)
      return earlier.verdict
    }
  }
  const verdict = requireFresh(store, digest, expiresAt)
  const memories = rememberedOf.get(request) ?? new WeakMap<object, Remembered>()
  rememberedOf.set(request, memories.set(memory, { digest, verdict, stores: new Set([store]) }))
  return verdict
}
