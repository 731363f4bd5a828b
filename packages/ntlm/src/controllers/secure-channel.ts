import {
  ConfigurationError,
  MalformedTokenError,
  MissingKeyError,
  RejectedTokenError,
  type RpcAssociation,
  RpcFaultError,
} from '@s4u/krb5'
import { NetlogonUnreachableError } from '../errors.js'
import { decodeLogon, encodeLogon, type LogonReply, type LogonRequest } from '../netlogon/logon-call.js'
import { NetlogonCall, type NetlogonNames } from '../netlogon/netlogon-calls.js'
import type { ValidationLevel } from '../netlogon/validation-info.js'
import {
  type ChannelDeps,
  type ChannelForm,
  type ChannelSession,
  openConnection,
  type OpenConnection,
} from './channel-session.js'
import { ChannelSignIn } from './channel-sign-in.js'
import { inTime } from './in-time.js'
import { Turns } from './turns.js'

/** How a channel is signed in. */
export interface ChannelState {
  readonly form: ChannelForm
  /** Why the controller took no ticket; undefined where it did, or where there is none for it. */
  readonly ticketRefusal: unknown
}

/** A sealed connection, for one call at a time. */
interface Lease extends OpenConnection {
  /** Whether it stood between calls: the controller may have closed it meanwhile. */
  wasIdle: boolean
}

/**
 * The secure channel to one domain controller: some sealed connections with one session key. The
 * controller keeps one key for each machine account; where it has forgotten ours, we sign in again.
 */
export class SecureChannel {
  readonly #deps: ChannelDeps
  readonly #signIns: ChannelSignIn
  readonly #turns = new Turns(MAX_CONNECTIONS, MAX_WAITING)
  readonly #idle: Lease[] = []
  #session: Promise<ChannelSession> | undefined
  #refusedAt = 0
  #level: ValidationLevel = 6
  #isClosed = false

  constructor(deps: ChannelDeps) {
    this.#deps = deps
    this.#signIns = new ChannelSignIn(deps)
  }

  /**
   * Asks for a verdict.
   * @throws ConfigurationError, NetlogonUnreachableError, RejectedTokenError, MalformedTokenError
   */
  logon(request: LogonRequest, signal: AbortSignal): Promise<LogonReply> {
    return this.#turns.run(signal, async () => {
      try {
        return await this.#ask(request, signal)
      } catch (error) {
        if (!(error instanceof Unanswered)) throw error
        try {
          return await this.#ask(request, signal)
        } catch (second) {
          throw second instanceof Unanswered ? second.reason : second
        }
      }
    })
  }

  /** Signs the machine account in, and opens a connection. @throws as `logon` */
  async ready(signal: AbortSignal): Promise<void> {
    const lease = await this.#lease(signal)
    this.#giveBack(lease)
  }

  /** Signs in, and says how. @throws as `logon` */
  async state(signal: AbortSignal): Promise<ChannelState> {
    await this.ready(signal)
    const session = await inTime(signal, this.#signedIn(), 'the sign-in of the machine account')
    return { form: session.form, ticketRefusal: this.#signIns.ticketRefusal }
  }

  close(): void {
    this.#isClosed = true
    this.#closeIdle()
    this.#session = undefined
  }

  async #ask(request: LogonRequest, signal: AbortSignal): Promise<LogonReply> {
    return this.#askOn(await this.#lease(signal), request, signal)
  }

  async #askOn(lease: Lease, request: LogonRequest, signal: AbortSignal): Promise<LogonReply> {
    const { socket, association, wasIdle } = lease
    try {
      const reply = await socket.within(signal, () => this.#call(association, request))
      if (reply.status === STATUS_ACCESS_DENIED) throw notSignedIn(this.#deps.names)
      this.#giveBack(lease)
      return reply
    } catch (error) {
      socket.close()
      if (isForgotten(error) || isNotSignedIn(error)) {
        this.#forget()
        // The others were admitted with the same word, which does not count any more.
        if (isNotSignedIn(error)) this.#closeIdle()
        throw new Unanswered(error)
      }
      // The others have stood as long; on a new connection the same response is judged once more.
      const isStale = wasIdle && error instanceof NetlogonUnreachableError && error.code === 'ECONNRESET'
      if (!isStale) throw error
      this.#closeIdle()
      return await this.#askOn(await this.#newLease(signal), request, signal)
    }
  }

  async #call(association: RpcAssociation, request: LogonRequest): Promise<LogonReply> {
    const level = this.#level
    const names = { ...this.#deps.names, level }
    const reply = decodeLogon(await association.call(NetlogonCall.SAM_LOGON_EX, encodeLogon(names, request)), level)
    if (reply.status !== STATUS_INVALID_INFO_CLASS || level === 3) return reply
    this.#level = 3
    return this.#call(association, request)
  }

  async #lease(signal: AbortSignal): Promise<Lease> {
    return this.#takeIdle() ?? (await this.#newLease(signal))
  }

  /** Returns a connection that was opened just now. */
  async #newLease(signal: AbortSignal): Promise<Lease> {
    try {
      return await this.#openSignedIn(signal)
    } catch (error) {
      if (!isForgotten(error)) throw error
      this.#forget()
      return await this.#openSignedIn(signal)
    }
  }

  async #openSignedIn(signal: AbortSignal): Promise<Lease> {
    const host = this.#deps.mapper.host
    const session = await inTime(signal, this.#signedIn(), `the sign-in of the machine account at ${host}`)
    return { ...(await openConnection(session, this.#deps, signal)), wasIdle: false }
  }

  #takeIdle(): Lease | undefined {
    for (let idle = this.#idle.pop(); idle !== undefined; idle = this.#idle.pop()) {
      if (!idle.socket.isOpen || !idle.association.isUsable) continue
      idle.socket.hold(true)
      return idle
    }
    return undefined
  }

  #closeIdle(): void {
    for (const { socket } of this.#idle.splice(0)) socket.close()
  }

  /** One sign-in for all that wait; one that was refused is not tried again at once. */
  #signedIn(): Promise<ChannelSession> {
    const { now } = this.#deps
    if (this.#session !== undefined && this.#refusedAt !== 0 && now() - this.#refusedAt > BACK_OFF) this.#forget()
    return (this.#session ??= this.#signIn().catch((error: unknown) => {
      // An outage may end at once; what the operator has to mend does not.
      if (error instanceof ConfigurationError || error instanceof MissingKeyError) this.#refusedAt = now()
      else this.#session = undefined
      throw error
    }))
  }

  /** Its time limit is its own: whoever waits for it may come from several callers. */
  async #signIn(): Promise<ChannelSession> {
    const signal = AbortSignal.timeout(this.#deps.timeLimit)
    const { session, connection } = await this.#signIns.run(signal)
    this.#giveBack({ ...connection, wasIdle: false })
    return session
  }

  #giveBack(lease: Lease): void {
    const isFull = this.#isClosed || this.#idle.length >= MAX_CONNECTIONS
    if (isFull || !lease.association.isUsable) return lease.socket.close()
    lease.socket.hold(false)
    lease.wasIdle = true
    this.#idle.push(lease)
  }

  #forget(): void {
    this.#session = undefined
    this.#refusedAt = 0
  }
}

/** No verdict has come: the same question may be asked once more. */
class Unanswered extends Error {
  readonly reason: unknown
  constructor(reason: unknown) {
    super('unanswered')
    this.reason = reason
  }
}

/** No verdict, but word that this association is not that of a machine account any more. */
function notSignedIn({ server, computer }: NetlogonNames): ConfigurationError {
  return new ConfigurationError(`the domain controller ${server} gives ${computer}$ no verdicts`, {
    code: 'STATUS_ACCESS_DENIED',
    hint: 'Look whether the machine account is enabled. Each instance of a service needs a machine account of its own.',
  })
}

function isNotSignedIn(error: unknown): boolean {
  return error instanceof ConfigurationError && error.code === 'STATUS_ACCESS_DENIED'
}

/** Whether a controller says that it does not know the key, or the ticket, of a channel. */
function isForgotten(error: unknown): boolean {
  return error instanceof RpcFaultError
}

/** Whether another controller may do better: this one gave no answer, or none that can be read. */
export function isOutage(error: unknown): boolean {
  if (error instanceof NetlogonUnreachableError || error instanceof MalformedTokenError) return true
  return isForgotten(error) || (error instanceof RejectedTokenError && error.status === 502)
}

/** Windows asks with one to ten at the same time (MaxConcurrentApi). */
const MAX_CONNECTIONS = 4
/** Each waits with a response of at most 4 KiB. */
const MAX_WAITING = 1_000
/** A wrong password of the machine account is not tried more often; milliseconds. */
const BACK_OFF = 10_000
const STATUS_ACCESS_DENIED = 0xc000_0022
const STATUS_INVALID_INFO_CLASS = 0xc000_0003
