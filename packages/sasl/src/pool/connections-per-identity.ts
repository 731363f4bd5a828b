import type { ServiceCredential } from '@s4u/gssapi'
import { ConfigurationError, formatPrincipal, type OptionTableOf, requireKnownOptions, S4uError } from '@s4u/krb5'
import type { Caller, ContextSource } from '../caller.js'
import { actingFor } from './acting-for.js'

/**
 * Options of `ConnectionsPerIdentity`: how connections are opened and closed, and how many are
 * kept.
 */
export interface ConnectionsPerIdentityOptions<C> {
  /** The service principal name of the server: `postgres/db.ad.test`. */
  readonly service: string
  /**
   * Whether a context may be begun with another service too, such as the other brokers of a
   * cluster. Default: only with `service`.
   */
  readonly alsoServices?: (spn: string) => boolean
  /**
   * Opens what one user has of its own: a pool of the driver, or a connection. `as` acts as that
   * user for as long as this is kept, and starts contexts with `service` only.
   */
  readonly open: (as: ContextSource) => C | Promise<C>
  /** Closes it: `(pool) => pool.end()`. */
  readonly close: (opened: C) => unknown
  /**
   * Whether it still works. What does not is closed, and opened again at the next use. Default: it
   * does.
   */
  readonly isOpen?: (opened: C) => boolean
  /** The most users who have connections at once. Default: 100. */
  readonly maxIdentities?: number
  /** How long connections are kept after their last use, in milliseconds. Default: 60,000. */
  readonly idleTimeout?: number
  /** Hears what `close` failed with. Default: a warning of the process. */
  readonly onCloseError?: (error: unknown) => void
  /** The time in milliseconds since the epoch, for tests. Default: `Date.now`. */
  readonly now?: () => number
}

/** Every name in ConnectionsPerIdentityOptions; others are refused. */
export const CONNECTIONS_PER_IDENTITY_OPTIONS = {
  service: 'value',
  alsoServices: 'function',
  open: 'function',
  close: 'function',
  isOpen: 'function',
  maxIdentities: 'value',
  idleTimeout: 'value',
  onCloseError: 'function',
  now: 'function',
} as const satisfies OptionTableOf<ConnectionsPerIdentityOptions<unknown>>

/** A server gives some hundreds of connections to all that connect to it. */
const MAX_IDENTITIES = 100
/**
 * How long the connections of a user stay open without use; milliseconds. Servers have few, and
 * each holds the rights of one user.
 */
const IDLE_TIMEOUT = 60_000

/** One user has a fourth of the places at most, and so many in any case. */
const SHARE_OF_USER = 4
const FEW = 8

/** The longest that a timer of Node can wait, in milliseconds. */
const MAX_TIMER = 2 ** 31 - 1

interface Kept<C> {
  readonly ticket: ServiceCredential
  readonly opened: Promise<C>
  /** The callers who use it now, as often as they do. Each has the same ticket. */
  readonly users: Caller[]
  /** Whether nobody gets it any more. It is closed with its last use. */
  isRetired: boolean
  timer: ReturnType<typeof setTimeout> | undefined
}

/**
 * Keeps what a driver opens, for each user apart from all others. The key is the ticket: it names
 * one user, and the connections were authenticated with it, so that two users do not meet on a
 * connection. The number of users is bounded, what is idle is closed, and so is everything of a
 * ticket that has ended.
 *
 * @example
 * ```ts
 * import { type Caller, ConnectionsPerIdentity, type ContextSource } from '@s4u/sasl'
 *
 * interface Connection {
 *   ask(question: string): Promise<string>
 *   end(): void
 * }
 * declare function connect(as: ContextSource): Promise<Connection>
 *
 * const connections = new ConnectionsPerIdentity({
 *   service: 'postgres/db.ad.test',
 *   open: connect,
 *   close: (connection) => connection.end(),
 * })
 *
 * export const answer = (caller: Caller): Promise<string> =>
 *   connections.use(caller, (connection) => connection.ask('who am I?'))
 * ```
 */
export class ConnectionsPerIdentity<C> implements AsyncDisposable {
  readonly #kept = new Map<object, Kept<C>>()
  readonly #closing = new Set<Promise<void>>()
  readonly #options: ConnectionsPerIdentityOptions<C>
  readonly #maxIdentities: number
  readonly #idleTimeout: number
  #isClosed = false

  /** @throws ConfigurationError */
  constructor(given: ConnectionsPerIdentityOptions<C>) {
    const options = requireKnownOptions<ConnectionsPerIdentityOptions<C>>(
      'ConnectionsPerIdentity',
      given,
      CONNECTIONS_PER_IDENTITY_OPTIONS,
    )
    const { service, maxIdentities = MAX_IDENTITIES, idleTimeout = IDLE_TIMEOUT } = options
    if (typeof service !== 'string') throw new ConfigurationError('ConnectionsPerIdentity: service is missing')
    this.#options = options
    this.#maxIdentities = positive('maxIdentities', maxIdentities)
    this.#idleTimeout = positive('idleTimeout', idleTimeout)
  }

  /** The number of users who have connections here. */
  get size(): number {
    return this.#kept.size
  }

  /**
   * Calls `work` with the caller's connections, which are opened where there are none yet. They are
   * the caller's until `work` has ended.
   * @throws what `ticketFor` of the caller, `open` and `work` throw; ConfigurationError
   * S4U_TOO_MANY_IDENTITIES, S4U_CLOSED
   */
  async use<T>(caller: Caller, work: (opened: C) => T | Promise<T>): Promise<T> {
    // Asked at each use: a caller that has ended, or may not be acted for any more, gets nothing.
    const ticket = await caller.ticketFor(this.#options.service)
    const kept = await this.#entered(ticket, caller)
    try {
      return await work(await kept.opened)
    } finally {
      this.#leave(kept, caller)
    }
  }

  /** Closes everything, as soon as what uses it has ended. Nothing is opened any more. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true
    for (const kept of this.#kept.values()) this.#retire(kept)
    await Promise.all(this.#closing)
  }

  /**
   * Finds or opens what the caller uses from now on. It is in use at once: what is idle may be
   * closed for another user at any time.
   */
  async #entered(ticket: ServiceCredential, caller: Caller): Promise<Kept<C>> {
    const found = this.#kept.get(ticket.ticket)
    const kept = this.#enter(found ?? this.#open(ticket), caller)
    if (found === undefined || (await this.#isUsable(found, caller))) return kept
    this.#retire(found)
    this.#leave(found, caller)
    return this.#enter(this.#kept.get(ticket.ticket) ?? this.#open(ticket), caller)
  }

  async #isUsable(kept: Kept<C>, caller: Caller): Promise<boolean> {
    const { isOpen } = this.#options
    if (isOpen === undefined) return true
    const opened = await kept.opened.catch(() => undefined)
    try {
      return !kept.isRetired && opened !== undefined && isOpen(opened)
    } catch (error) {
      this.#leave(kept, caller)
      throw error
    }
  }

  #open(ticket: ServiceCredential): Kept<C> {
    if (this.#isClosed)
      throw new ConfigurationError('the connections were closed before', { code: 'S4U_CLOSED', status: 503 })
    const name = nameOf(ticket)
    this.#makeRoomAmongOwn(name)
    this.#makeRoom()
    const users: Caller[] = []
    const as = actingFor(this.#options, users, name)
    const opened = Promise.resolve().then(() => this.#options.open(as))
    const kept: Kept<C> = { ticket, opened, users, isRetired: false, timer: undefined }
    this.#kept.set(ticket.ticket, kept)
    // What could not be opened is tried once more at the next use.
    opened.catch(() => this.#forget(kept))
    return kept
  }

  /**
   * Closes what was unused for the longest time. @throws ConfigurationError S4U_TOO_MANY_IDENTITIES
   */
  #makeRoom(): void {
    if (this.#kept.size < this.#maxIdentities) return
    // A Map keeps the order of insertion, which is that of the last use.
    const idle = [...this.#kept.values()].find(({ users }) => users.length === 0)
    if (idle !== undefined) return this.#retire(idle)
    throw new ConfigurationError(
      `connections to ${this.#options.service} are in use by ${this.#maxIdentities} users, which is as many as maxIdentities permits`,
      {
        code: 'S4U_TOO_MANY_IDENTITIES',
        status: 503,
        hint: 'Raise maxIdentities, as far as the server takes that many connections, or keep connections for a shorter time.',
      },
    )
  }

  /**
   * Each sign-in brings another ticket, and so other connections: a user who signs in over and
   * over, and leaves all of them in use, must keep out no other. @throws ConfigurationError
   * S4U_TOO_MANY_IDENTITIES
   */
  #makeRoomAmongOwn(name: string): void {
    const most = Math.max(FEW, Math.ceil(this.#maxIdentities / SHARE_OF_USER))
    if (this.#kept.size < most) return
    const own = [...this.#kept.values()].filter(({ ticket }) => nameOf(ticket) === name)
    if (own.length < most) return
    const idle = own.find(({ users }) => users.length === 0)
    if (idle !== undefined) return this.#retire(idle)
    throw new ConfigurationError(
      `${name} uses connections to ${this.#options.service} with ${most} tickets at once, which is as many as one user may`,
      {
        code: 'S4U_TOO_MANY_IDENTITIES',
        status: 503,
        hint: 'If this is one person, look for requests that never end; if it is an account of a program, let it keep its session.',
      },
    )
  }

  #enter(kept: Kept<C>, caller: Caller): Kept<C> {
    clearTimeout(kept.timer)
    kept.users.push(caller)
    if (kept.isRetired) return kept
    this.#kept.delete(kept.ticket.ticket)
    this.#kept.set(kept.ticket.ticket, kept)
    return kept
  }

  #leave(kept: Kept<C>, caller: Caller): void {
    kept.users.splice(kept.users.indexOf(caller), 1)
    if (kept.users.length > 0) return
    if (kept.isRetired) return this.#close(kept)
    const { now = Date.now } = this.#options
    const left = Math.min(this.#idleTimeout, kept.ticket.expiresAt - now(), MAX_TIMER)
    kept.timer = setTimeout(() => this.#retire(kept), Math.max(0, left))
    // Idle connections do not keep the process alive by this.
    kept.timer.unref()
  }

  #retire(kept: Kept<C>): void {
    if (kept.isRetired) return
    this.#forget(kept)
    if (kept.users.length === 0) this.#close(kept)
  }

  #forget(kept: Kept<C>): void {
    kept.isRetired = true
    clearTimeout(kept.timer)
    if (this.#kept.get(kept.ticket.ticket) === kept) this.#kept.delete(kept.ticket.ticket)
  }

  #close({ opened }: Kept<C>): void {
    const { close, onCloseError = warn } = this.#options
    const end = async (): Promise<void> => {
      const connection = await opened.catch(() => undefined)
      // What could not be opened has nothing to close; its error went to those who asked for it.
      if (connection === undefined) return
      try {
        await close(connection)
      } catch (error) {
        onCloseError(error)
      }
    }
    const closing = end().finally(() => void this.#closing.delete(closing))
    this.#closing.add(closing)
  }
}

function nameOf({ client }: ServiceCredential): string {
  return formatPrincipal(client)
}

function positive(name: string, value: number): number {
  if (typeof value === 'number' && value > 0) return value
  throw new ConfigurationError(`ConnectionsPerIdentity: ${name} must be a number above 0`)
}

function warn(error: unknown): void {
  const reason = S4uError.is(error) ? `${error.code}: ${error.message}` : error instanceof Error ? error.name : 'error'
  process.emitWarning(`connections of a user could not be closed: ${reason}`, {
    type: 'S4uWarning',
    code: 'S4U_CLOSE_FAILED',
  })
}
