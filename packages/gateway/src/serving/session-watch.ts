import type { Session } from '@s4u/negotiate'

/**
 * How often it is asked whether a session goes on, milliseconds. A store that instances share is
 * asked as often, for each session with open WebSockets.
 */
const INTERVAL = 5_000

/** What is watched for one session. */
interface Watched {
  /** When its user has last asked for something. */
  seenAt: number
  readonly ends: Set<() => void>
  readonly timer: NodeJS.Timeout
}

export interface WatchRules {
  readonly now: () => number
  /** After how long without a request the session ends, milliseconds; undefined: never. */
  readonly maxIdle: number | undefined
  /** Asks whether it goes on: it may have been ended at another instance. */
  readonly goesOn: (session: Session) => Promise<boolean>
}

/**
 * Ends what outlives the requests of a session, such as a WebSocket, with the session: after a
 * sign-out, where the app has revoked it, and when its user has asked for nothing for too long.
 * What a WebSocket carries is no request of the user: pages send by themselves.
 */
export class SessionWatch {
  readonly #watched = new Map<string, Watched>()

  /** Notes a request of a session. */
  seen({ id }: Session, now: number): void {
    const watched = this.#watched.get(id)
    if (watched !== undefined) watched.seenAt = now
  }

  /** Calls `end` when the session has ended. Returns what ends the watch. */
  watch(session: Session, rules: WatchRules, end: () => void): () => void {
    const watched = this.#watched.get(session.id) ?? this.#begin(session, rules)
    watched.ends.add(end)
    return () => {
      watched.ends.delete(end)
      if (watched.ends.size > 0) return
      clearInterval(watched.timer)
      if (this.#watched.get(session.id) === watched) this.#watched.delete(session.id)
    }
  }

  #begin(session: Session, rules: WatchRules): Watched {
    const timer = setInterval(() => void this.#check(session, rules), INTERVAL).unref()
    const watched: Watched = { seenAt: rules.now(), ends: new Set(), timer }
    this.#watched.set(session.id, watched)
    return watched
  }

  async #check(session: Session, { now, maxIdle, goesOn }: WatchRules): Promise<void> {
    const watched = this.#watched.get(session.id)
    if (watched === undefined) return
    const isIdle = maxIdle !== undefined && now() - watched.seenAt >= maxIdle
    if (isIdle || !(await goesOn(session))) for (const end of watched.ends) end()
  }
}
