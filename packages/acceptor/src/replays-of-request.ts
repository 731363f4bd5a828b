import { type ReplayStore, requireFresh } from './replay-store.js'

/** What the store in common said about the authenticator of a request. */
interface Asked {
  readonly digest: Uint8Array
  readonly answer: void | Promise<void>
}

const asked = new WeakMap<object, WeakMap<ReplayStore, Asked>>()

/**
 * As `requireFresh`, but once for each request and store: where two acceptors with one store stand in front of a route, the second one
 * sees the first one's authenticator and no replay. A request object is of this process alone, so that nobody can send it again.
 * @throws RejectedTokenError, ReplayStoreFault
 */
export function requireFreshOnce(
  request: object,
  store: ReplayStore,
  digest: Uint8Array,
  expiresAt: number,
): void | Promise<void> {
  const before = asked.get(request)?.get(store)
  if (before !== undefined && Buffer.compare(before.digest, digest) === 0) return before.answer
  const answer = requireFresh(store, digest, expiresAt)
  const stores = asked.get(request) ?? new WeakMap<ReplayStore, Asked>()
  asked.set(request, stores.set(store, { digest, answer }))
  return answer
}
