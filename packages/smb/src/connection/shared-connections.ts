import { randomBytes } from 'node:crypto'
import { type ConnectionRules, type NegotiatedConnection, openConnection } from './negotiate.js'
import { type LostSession, Session, type ShareUser } from './session.js'
import { type ServerAddress, unreachable } from '../transport/transport.js'

/** What decides which connection serves a share. */
export interface ConnectionDemand {
  readonly server: ServerAddress
  readonly rules: ConnectionRules
  readonly service: string
  /** How long a connection without sessions stays open; milliseconds. */
  readonly idleTimeout: number
  readonly now: () => number
}

/** A session that is in use until it is released. */
export interface SessionLease {
  readonly session: Session
  /** Ends the session when no other share uses it. */
  release(): Promise<void>
}

/** Sessions on one connection; with more a further connection is opened. */
const MAX_SESSIONS = 256

interface OpenSession {
  readonly session: Promise<Session>
  /** The same, when it is there. */
  opened: Session | undefined
  leases: number
}

/**
 * Connections by server and by what was permitted of them. On each there is a session for each
 * user: for each object that acts as one, since two that have the same name may have different
 * rights to act.
 */
const connections = new Map<string, Set<SharedConnection>>()

/**
 * Finds or opens the connection and the session of a user.
 * @param lost the user's session on a lost connection: the new one is of the same client, which is
 * given the files of the old one
 * @throws as `openConnection` and `Session.open`
 */
export async function leaseSession(
  user: ShareUser,
  demand: ConnectionDemand,
  lost?: LostSession,
): Promise<SessionLease> {
  const { server, rules, service } = demand
  const key = JSON.stringify([server, rules, service])
  let shared = connections.get(key)
  if (shared === undefined) connections.set(key, (shared = new Set()))
  const usable = [...shared].find((each) => each.hasRoomFor(user) && (lost === undefined || each.isOf(lost)))
  return (usable ?? new SharedConnection(demand, key, lost?.clientGuid)).lease(user, demand.now, lost)
}

class SharedConnection {
  readonly #demand: ConnectionDemand
  readonly #key: string
  readonly #clientGuid: Uint8Array
  readonly #negotiated: Promise<NegotiatedConnection>
  readonly #sessions = new Map<ShareUser, OpenSession>()
  #idle: NodeJS.Timeout | undefined
  #isOver = false

  constructor(demand: ConnectionDemand, key: string, clientGuid: Uint8Array = randomBytes(16)) {
    this.#demand = demand
    this.#key = key
    connections.get(key)?.add(this)
    this.#clientGuid = clientGuid
    const { server, rules } = demand
    this.#negotiated = openConnection(server, rules, clientGuid, timeLimitSignal(server, rules.timeLimit))
    this.#negotiated.then(
      ({ connection }) => connection.watch(() => this.#forget()),
      () => this.#forget(),
    )
  }

  hasRoomFor(user: ShareUser): boolean {
    return !this.#isOver && (this.#sessions.has(user) || this.#sessions.size < MAX_SESSIONS)
  }

  isOf({ clientGuid }: LostSession): boolean {
    return Buffer.compare(clientGuid, this.#clientGuid) === 0
  }

  async lease(user: ShareUser, now: () => number, lost: LostSession | undefined): Promise<SessionLease> {
    clearTimeout(this.#idle)
    const known = this.#sessions.get(user)
    const isOver = known?.opened?.isOpen === false
    const open = known === undefined || isOver ? this.#open(user, now, lost) : known
    open.leases++
    let isReleased = false
    const release = async (): Promise<void> => {
      if (isReleased) return
      isReleased = true
      await this.#release(user, open)
    }
    try {
      return { session: await open.session, release }
    } catch (error) {
      await release().catch(() => {})
      throw error
    }
  }

  #open(user: ShareUser, now: () => number, lost: LostSession | undefined): OpenSession {
    const { service, rules, server } = this.#demand
    const session = this.#negotiated.then((negotiated) =>
      Session.open(negotiated, user, service, now, timeLimitSignal(server, rules.timeLimit), lost),
    )
    const open: OpenSession = { session, opened: undefined, leases: 0 }
    this.#sessions.set(user, open)
    session.then(
      (opened) => (open.opened = opened),
      () => this.#drop(user, open),
    )
    return open
  }

  async #release(user: ShareUser, open: OpenSession): Promise<void> {
    open.leases--
    if (open.leases > 0) return
    this.#drop(user, open)
    await open.session.then((session) => session.logOff()).catch(() => {})
  }

  #drop(user: ShareUser, open: OpenSession): void {
    if (this.#sessions.get(user) === open) this.#sessions.delete(user)
    if (this.#sessions.size > 0 || this.#isOver) return
    clearTimeout(this.#idle)
    this.#idle = setTimeout(() => this.#close(), this.#demand.idleTimeout)
    this.#idle.unref()
  }

  #close(): void {
    if (this.#sessions.size > 0) return
    this.#forget()
    this.#negotiated.then(({ connection }) => connection.close(new Error('the connection was idle'))).catch(() => {})
  }

  #forget(): void {
    this.#isOver = true
    clearTimeout(this.#idle)
    const shared = connections.get(this.#key)
    shared?.delete(this)
    if (shared?.size === 0) connections.delete(this.#key)
  }
}

/** Returns a signal that aborts at the time limit, with the error that a silent server has. */
function timeLimitSignal(server: ServerAddress, timeLimit: number): AbortSignal {
  const end = new AbortController()
  setTimeout(() => end.abort(unreachable(server, 'ETIMEDOUT')), timeLimit).unref()
  return end.signal
}
