import { ConfigurationError } from '@s4u/kdc-client'
import type { IsRevoked, Session } from './session-revocation.js'

/**
 * Where sessions are noted that ended before their time: by a sign-out, or by a new sign-in. A copy
 * of their cookie is refused. Instances that share `session.keys` should share a store.
 */
export interface EndedSessionStore {
  /**
   * Notes a session. @param until when it would have ended by itself, milliseconds since the epoch
   */
  end(id: string, until: number): void | Promise<void>
  /** Asked with each request that shows a session. */
  isEnded(id: string): boolean | Promise<boolean>
}

export interface MemoryEndedSessionsOptions {
  /** Milliseconds since the epoch. */
  readonly now?: () => number
}

/**
 * Some ten megabytes. Only a user who is signed in can end a session, so that nobody else can fill
 * it; the one that was noted first goes first.
 */
const MAX_ENDED = 100_000

/** Notes ended sessions in the memory of one process. */
export class MemoryEndedSessions implements EndedSessionStore {
  readonly #now: () => number
  /** Oldest first. */
  readonly #ended = new Map<string, number>()

  constructor({ now = Date.now }: MemoryEndedSessionsOptions = {}) {
    this.#now = now
  }

  end(id: string, until: number): void {
    const now = this.#now()
    for (const [old, its] of this.#ended) {
      if (its > now && this.#ended.size < MAX_ENDED) break
      this.#ended.delete(old)
    }
    this.#ended.set(id, until)
  }

  isEnded(id: string): boolean {
    return this.#ended.has(id)
  }
}

/** The number is the version of `EndedSessionStore`. */
const KEY = Symbol.for('s4u.ended-sessions.1')

/**
 * Returns the store that the option gives, else the one that all negotiators of this process share:
 * they may have the same keys.
 * @param now the clock of the negotiator, if it has one of its own
 * @throws ConfigurationError
 */
export function endedSessions(given: unknown, now: (() => number) | undefined): EndedSessionStore {
  if (given !== undefined) {
    if (isStore(given)) return given
    throw new ConfigurationError('session.ended must have end and isEnded', {
      hint: 'Give an EndedSessionStore, such as new MemoryEndedSessions().',
    })
  }
  if (now !== undefined) return new MemoryEndedSessions({ now })
  const found: unknown = Reflect.get(globalThis, KEY)
  if (isStore(found)) return found
  const made = new MemoryEndedSessions()
  Object.defineProperty(globalThis, KEY, { value: made })
  return made
}

/** Adds the store to what the app says of sessions. */
export function revokedOrEnded(store: EndedSessionStore, isRevoked: IsRevoked = notRevoked): IsRevoked {
  return (session: Session) => {
    const ended = store.isEnded(session.id)
    if (ended === false) return isRevoked(session)
    return ended === true ? true : ended.then((answer) => (answer === false ? isRevoked(session) : answer))
  }
}

const notRevoked: IsRevoked = () => false

function isStore(value: unknown): value is EndedSessionStore {
  if (typeof value !== 'object' || value === null || !('end' in value) || !('isEnded' in value)) return false
  return typeof value.end === 'function' && typeof value.isEnded === 'function'
}
