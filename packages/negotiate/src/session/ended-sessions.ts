import { ConfigurationError } from '@s4u/kdc-client'
import { EndedOfUser } from './ended-of-user.js'
import type { IsRevoked, Session } from './session-revocation.js'

/**
 * Where sessions are noted that ended before their time: by a sign-out, or by a new sign-in. A copy
 * of their cookie is refused. Instances that share `session.keys` should share a store.
 */
export interface EndedSessionStore {
  /**
   * Notes a session. @param until when it would have ended by itself, milliseconds since the epoch
   * @param session whose it is: no user should be able to push out what others have ended
   */
  end(id: string, until: number, session?: Session): void | Promise<void>
  /** Asked with each request that shows a session. */
  isEnded(id: string, session?: Session): boolean | Promise<boolean>
}

export interface MemoryEndedSessionsOptions {
  /** Milliseconds since the epoch. */
  readonly now?: () => number
}

/**
 * Some ten megabytes, of all users together. Above it, of the users who were noted first, all
 * sessions have ended that began before: these must sign in again, and no copy of a cookie is good.
 */
const MAX_ENDED = 100_000
/** So many at once, that users are not looked through each time. */
const ROOM_MADE = 90_000
/** No directory behind one service has more who sign in before sessions end by themselves. */
const MAX_USERS = 100_000

/**
 * Notes ended sessions in the memory of one process, a limited number of each user.
 *
 * @example
 * ```ts
 * import { createNegotiator, MemoryEndedSessions } from '@s4u/negotiate'
 *
 * // Two negotiators of one process that share sessions share what has ended.
 * const ended = new MemoryEndedSessions()
 * const keys = [process.env['SESSION_KEY'] ?? '']
 * const session = { kind: 'cookie', keys, ended } as const
 * export const web = createNegotiator({ keytab: 'web.keytab', session })
 * export const admin = createNegotiator({ keytab: 'web.keytab', session })
 * ```
 */
export class MemoryEndedSessions implements EndedSessionStore {
  readonly #now: () => number
  /** Who was noted longest ago first. */
  readonly #users = new Map<string, EndedOfUser>()
  /** Of all users. */
  #size = 0

  constructor({ now = Date.now }: MemoryEndedSessionsOptions = {}) {
    this.#now = now
  }

  end(id: string, until: number, session?: Session): void {
    const now = this.#now()
    this.#makeRoom(now)
    const key = keyOf(id, session)
    const ofUser = this.#users.get(key) ?? new EndedOfUser()
    this.#size -= ofUser.size
    ofUser.end(id, until, now)
    this.#size += ofUser.size
    this.#users.delete(key)
    this.#users.set(key, ofUser)
  }

  isEnded(id: string, session?: Session): boolean {
    // Some apps note a session without saying whose it is.
    if (this.#users.has(keyOf(id, undefined))) return true
    return session !== undefined && (this.#users.get(keyOf(id, session))?.has(session) ?? false)
  }

  #makeRoom(now: number): void {
    for (const [key, ofUser] of this.#users) {
      if (ofUser.until > now && this.#users.size < MAX_USERS) break
      this.#users.delete(key)
      this.#size -= ofUser.size
    }
    if (this.#size < MAX_ENDED) return
    for (const ofUser of this.#users.values()) {
      this.#size -= ofUser.size
      ofUser.endAllBefore(now)
      if (this.#size < ROOM_MADE) return
    }
  }
}

/**
 * A name may later belong to another user. Who does not say whose a session is has it by itself.
 */
function keyOf(id: string, session: Session | undefined): string {
  if (session === undefined) return `session ${id}`
  const { principal, sid } = session
  return sid === undefined ? `user ${principal}` : `sid ${sid}`
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
    const ended = store.isEnded(session.id, session)
    if (ended === false) return isRevoked(session)
    return ended === true ? true : ended.then((answer) => (answer === false ? isRevoked(session) : answer))
  }
}

const notRevoked: IsRevoked = () => false

function isStore(value: unknown): value is EndedSessionStore {
  if (typeof value !== 'object' || value === null || !('end' in value) || !('isEnded' in value)) return false
  return typeof value.end === 'function' && typeof value.isEnded === 'function'
}
