import { unlessAborted } from '@s4u/kdc-client'
import type { Controller } from '../controllers/controller.js'
import { openSession, type Session, type SessionMeans } from './open-session.js'

export interface PoolLimits {
  readonly maxConnections: number
  /** Milliseconds. */
  readonly idleTimeout: number
}

/**
 * Questions on one connection at a time, before another is opened: servers answer one after the
 * other.
 */
const BUSY = 8

/** A session whose ticket ends within this time gets no further question; milliseconds. */
const BEFORE_EXPIRY = 10_000

interface Pooled {
  readonly session: Session
  leases: number
  idle: NodeJS.Timeout | undefined
}

interface Opening {
  readonly session: Promise<Pooled>
  readonly abort: AbortController
  waiting: number
}

/** A session that somebody uses, until `release`. */
export interface Lease {
  readonly session: Session
  /**
   * Whether the session is new. A session that was used before may have been idle for too long, so
   * a failure on it says little about the server.
   */
  readonly isFresh: boolean
  release(): void
}

/** The sessions with one controller. Idle ones keep no process alive, and end after a while. */
export class SessionPool {
  readonly controller: Controller
  readonly #means: SessionMeans
  readonly #limits: PoolLimits
  readonly #sessions = new Set<Pooled>()
  #opening: Opening | undefined

  constructor(controller: Controller, means: SessionMeans, limits: PoolLimits) {
    this.controller = controller
    this.#means = means
    this.#limits = limits
  }

  /** @throws as `openSession` */
  async lease(signal: AbortSignal): Promise<Lease> {
    const best = this.#leastBusy()
    if (best !== undefined && (best.leases < BUSY || this.#sessions.size >= this.#limits.maxConnections)) {
      return this.#lend(best, false)
    }
    return this.#lend(await this.#opened(signal), true)
  }

  close(): void {
    this.#opening?.abort.abort(new Error('the directory was closed'))
    for (const { session } of this.#sessions) session.connection.close(new Error('the directory was closed'))
  }

  #leastBusy(): Pooled | undefined {
    const now = this.#means.now()
    const usable = [...this.#sessions].filter(
      ({ session }) => session.connection.isOpen && session.expiresAt - BEFORE_EXPIRY > now,
    )
    return usable.sort((a, b) => a.leases - b.leases)[0]
  }

  #lend(pooled: Pooled, isFresh: boolean): Lease {
    pooled.leases++
    clearTimeout(pooled.idle)
    let isReleased = false
    const release = (): void => {
      if (isReleased) return
      isReleased = true
      pooled.leases--
      if (pooled.leases === 0) this.#rest(pooled)
    }
    return { session: pooled.session, isFresh, release }
  }

  #rest(pooled: Pooled): void {
    const { connection, expiresAt } = pooled.session
    const isOver = expiresAt - BEFORE_EXPIRY <= this.#means.now()
    const close = (): void => connection.close(new Error('the connection was idle'))
    pooled.idle = setTimeout(close, isOver ? 0 : this.#limits.idleTimeout)
    pooled.idle.unref()
  }

  /**
   * Opens one session at a time: callers that come meanwhile wait for the same session. The
   * opening is aborted when no caller waits any more.
   */
  async #opened(signal: AbortSignal): Promise<Pooled> {
    const opening = (this.#opening ??= this.#open())
    opening.waiting++
    try {
      return await unlessAborted(opening.session, signal)
    } finally {
      opening.waiting--
      if (opening.waiting === 0) opening.abort.abort(new Error('nobody waits for the connection any more'))
    }
  }

  #open(): Opening {
    const abort = new AbortController()
    const session = openSession(this.controller, this.#means, abort.signal).then((opened) => this.#keep(opened))
    const opening = { session, abort, waiting: 0 }
    const forget = (): void => {
      if (this.#opening === opening) this.#opening = undefined
    }
    session.then(forget, forget)
    abort.signal.addEventListener('abort', forget, { once: true })
    return opening
  }

  #keep(session: Session): Pooled {
    const pooled: Pooled = { session, leases: 0, idle: undefined }
    this.#sessions.add(pooled)
    session.connection.watch(() => {
      this.#sessions.delete(pooled)
      clearTimeout(pooled.idle)
    })
    // The caller that opened the session takes a lease at once. If all callers are gone, the
    // session ends like an idle one.
    this.#rest(pooled)
    return pooled
  }
}
