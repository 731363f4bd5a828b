import { type ReplayStore, requireFresh } from './replay-store.js'

/**
 * What was said about the authenticator of a request, and which acceptors of a process that has one
 * memory were told.
 */
interface Asked {
  readonly digest: Uint8Array
  readonly answer: void | Promise<void>
  readonly told: Set<ReplayStore>
}

const asked = new WeakMap<object, WeakMap<object, Asked>>()

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
  const before = asked.get(request)?.get(memory)
  if (before !== undefined && Buffer.compare(before.digest, digest) === 0) {
    // An acceptor that asks again by itself has been handed the same token twice.
    const again = store !== memory && before.told.has(store)
    if (!again) {
      before.told.add(store)
      return before.answer
    }
  }
  const answer = requireFresh(store, digest, expiresAt)
  const memories = asked.get(request) ?? new WeakMap<object, Asked>()
  asked.set(request, memories.set(memory, { digest, answer, told: new Set([store]) }))
  return answer
}
