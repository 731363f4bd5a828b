import type { ReplayStore, ReplayVerdict } from '@s4u/acceptor'
import { RejectedTokenError } from '@s4u/krb5'

/** A caller is waiting, and a store that hangs must not pile up requests; milliseconds. */
const STORE_TIME_LIMIT = 2_000

export interface Use {
  /** What is used, so that nobody can read it. */
  readonly digest: Uint8Array
  /** The same for the same digest; milliseconds since the epoch. */
  readonly expiresAt: number
  /** Before it nobody can have used it; milliseconds since the epoch. */
  readonly issuedAt: number
}

/**
 * Remembers a digest, and returns whether it is new.
 *
 * @throws RejectedTokenError S4U_REPLAY_CACHE_FULL, S4U_REPLAY_STORE_DOWN, both of the status 503
 */
export async function isFirstUse(store: ReplayStore, use: Use): Promise<boolean> {
  const verdict = await verdictOf(store, use).catch((cause: unknown) => {
    throw down(cause)
  })
  if (verdict === 'fresh' || verdict === 'seen') return verdict === 'fresh'
  if (verdict !== 'full') throw down(new TypeError('the replay store gave no verdict'))
  throw new RejectedTokenError('the store of what was used is full', {
    code: 'S4U_REPLAY_CACHE_FULL',
    hint: 'More callers have signed in than it has room for: give a larger MemoryReplayStore as replayStore, or look for a client that loops.',
    status: 503,
  })
}

async function verdictOf(store: ReplayStore, { digest, expiresAt, issuedAt }: Use): Promise<ReplayVerdict> {
  const verdict = store.remember(digest, expiresAt, issuedAt)
  if (typeof verdict === 'string') return verdict
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${STORE_TIME_LIMIT} ms`)), STORE_TIME_LIMIT)
  })
  return Promise.race([verdict, late]).finally(() => clearTimeout(timer))
}

function down(cause: unknown): RejectedTokenError {
  return new RejectedTokenError('the store of what was used does not answer', {
    code: 'S4U_REPLAY_STORE_DOWN',
    hint: 'Repair the store that replayStore names: see the cause. Until it answers, nobody signs in this way.',
    cause,
    status: 503,
  })
}
