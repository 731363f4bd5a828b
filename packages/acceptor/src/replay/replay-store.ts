import { digest, RejectedTokenError } from '@s4u/krb5'
import type { EncryptedData } from '@s4u/krb5'
import { withinLimit } from '../async/time-limit.js'

/**
 * The answer of a replay store. `fresh`: the digest is new, and is remembered from now on. `seen`:
 * a replay. `full`: there is no room to remember it.
 */
export type ReplayVerdict = 'fresh' | 'seen' | 'full'

/**
 * Remembers accepted authenticators until they expire. Several instances of a service share a
 * store: `redisReplayStore` of `@s4u/redis`, or one that passes the rules in docs/stores.md.
 */
export interface ReplayStore {
  /**
   * Looks up and inserts in one step: of two calls with the same digest, at any time and from any
   * instance, exactly one gets `fresh`. Throws or rejects when the store cannot tell.
   *
   * Instances with the same `clockSkew` give the same digest the same `expiresAt`, in milliseconds
   * since the epoch: twice the skew after the client's time. So no digest is forgotten too early,
   * as long as the clocks of the instances and of the store are within `clockSkew` of each other.
   *
   * `issuedAt` is the client's time in the authenticator, milliseconds since the epoch. A store
   * that may have lost what it remembered up to some time rejects for digests that are not newer.
   */
  remember(digest: Uint8Array, expiresAt: number, issuedAt?: number): ReplayVerdict | Promise<ReplayVerdict>
}

/**
 * How long a store may take, in milliseconds. A caller is waiting, and a store that hangs must not
 * pile up requests.
 */
const STORE_TIME_LIMIT = 2_000

/**
 * Returns the digest by which a replay is recognised: that of the sealed authenticator and nothing
 * else. Without the session key the sealed octets cannot be changed, and there is only one way to
 * seal the same contents with the same confounder. The names in clear text must not count: where
 * two services share a key, they would decide whose key opens the ticket. Source: RFC 4120 section
 * 3.2.3.
 */
export function replayDigest(authenticator: EncryptedData): Uint8Array {
  return digest('sha256', authenticator.cipher)
}

/**
 * Requires that the store has not seen the digest. Returns a promise only if the store does.
 * @throws RejectedTokenError KRB_AP_ERR_REPEAT for a replay
 * @throws ReplayStoreFault when the store is full, or cannot tell
 */
export function requireFresh(
  store: ReplayStore,
  digest: Uint8Array,
  expiresAt: number,
  issuedAt?: number,
): void | Promise<void> {
  let verdict: ReplayVerdict | Promise<ReplayVerdict>
  try {
    verdict = store.remember(digest, expiresAt, issuedAt)
  } catch (cause) {
    return down(cause)
  }
  if (typeof verdict === 'string') return requireFreshVerdict(verdict)
  const pending = verdict
  return withinLimit(STORE_TIME_LIMIT, late, () => pending).then(requireFreshVerdict, down)
}

/** The store has no answer. That is no fault of the caller. */
export class ReplayStoreFault extends Error {
  readonly fault: 'full' | 'down'

  constructor(fault: 'full' | 'down', cause?: unknown) {
    super(`replay store is ${fault}`, { cause })
    this.fault = fault
  }

  /**
   * Returns the refusal for the caller. The code is our own: no RFC has one for a service that
   * cannot tell.
   */
  toRejection(): RejectedTokenError {
    const full = this.fault === 'full'
    return new RejectedTokenError(full ? 'the replay cache is full' : 'the replay store does not answer', {
      code: full ? 'S4U_REPLAY_CACHE_FULL' : 'S4U_REPLAY_STORE_DOWN',
      hint: full
        ? 'More tokens came within the clock skew than replayCache has room for: raise maxEntries, or look for a client that loops.'
        : "Repair the store. With onReplayStoreDown: 'accept' the service would go on, open to replays.",
      cause: this.cause,
      status: 503,
    })
  }
}

function requireFreshVerdict(verdict: ReplayVerdict): void {
  if (verdict === 'fresh') return
  if (verdict === 'full') throw new ReplayStoreFault('full')
  if (verdict !== 'seen') throw new ReplayStoreFault('down', new TypeError('the replay store gave no verdict'))
  throw new RejectedTokenError('this authenticator was presented before', {
    code: 'KRB_AP_ERR_REPEAT',
    hint: 'Somebody replays captured traffic, or a client or proxy repeats a request with the same token: each request needs a new one.',
  })
}

function down(cause: unknown): never {
  throw new ReplayStoreFault('down', cause)
}

function late(): Error {
  return new Error(`no answer within ${STORE_TIME_LIMIT} ms`)
}
