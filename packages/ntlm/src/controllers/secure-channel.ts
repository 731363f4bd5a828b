import { ConfigurationError, MissingKeyError, type RpcAssociation } from '@s4u/krb5'
import { decodeLogon, encodeLogon, type LogonReply, type LogonRequest } from '../netlogon/logon-call.js'
import { NetlogonCall } from '../netlogon/netlogon-calls.js'
import type { ValidationLevel } from '../netlogon/validation-info.js'
import {
  type ChannelDeps,
  type ChannelForm,
  type ChannelSession,
  openConnection,
  type OpenConnection,
} from './channel-session.js'
import { ChannelSignIn } from './channel-sign-in.js'
import { IdleConnections } from './idle-connections.js'
import { inTime } from './in-time.js'
import {
  isForgotten,
  isNotExecuted,
  isNotSignedIn,
  isOutage,
  NotJudged,
  notSignedIn,
  PerhapsJudged,
} from './logon-failures.js'
import { Turns } from './turns.js'

/** How a channel is signed in. */
export interface ChannelState {
  readonly form: ChannelForm
  /** Why the controller took no ticket; undefined where it did, or where there is none for it. */
  readonly ticketRefusal: unknown
}

/**
 * The secure channel to one domain controller: some sealed connections with one session key. The
 * controller keeps one key for each machine account; where it has forgotten ours, we sign in again.
 */
export class SecureChannel {
  readonly #deps: ChannelDeps
  readonly #signIns: ChannelSignIn
  readonly #turns = new Turns(MAX_CONNECTIONS, MAX_WAITING)
  readonly #idle: IdleConnections
  #session: Promise<ChannelSession> | undefined
  #refusedAt = 0
  #level: ValidationLevel = 6
  #isClosed = false

  constructor(deps: ChannelDeps) {
    this.#deps = deps
    this.#idle = new IdleConnections(MAX_CONNECTIONS, deps.now)
    this.#signIns = new ChannelSignIn(deps)
  }

  /**
   * Asks for a verdict. The response is sent once, and once more only where the controller says
   * that it has not judged it: each judgement of a wrong password is counted.
   *
   * @throws PerhapsJudged where it was sent, and no verdict has come
   * @throws ConfigurationError, NetlogonUnreachableError, RejectedTokenError, MalformedTokenError,
   * RpcFaultError, and what the ticket is refused with: the response was not sent
   */
  logon(request: LogonRequest, signal: AbortSignal): Promise<LogonReply> {
    return this.#turns.run(signal, async () => {
      try {
        return await this.#askOn(await this.#connection(signal), request, signal)
      } catch (error) {
        if (!(error instanceof NotJudged)) throw error
        return await this.#askAgain(request, signal)
      }
    })
  }

  /** Signs the machine account in, and opens a connection. @throws as `logon` */
  async ready(signal: AbortSignal): Promise<void> {
    this.#giveBack(await this.#connection(signal))
  }

  /** Signs in, and says how. @throws as `logon` */
  async state(signal: AbortSignal): Promise<ChannelState> {
    await this.ready(signal)
    const session = await inTime(signal, this.#signedIn(), 'the sign-in of the machine account')
    return { form: session.form, ticketRefusal: this.#signIns.ticketRefusal }
  }

  close(): void {
    this.#isClosed = true
    this.#idle.close()
    this.#session = undefined
  }

  /** Who says twice that nothing was done for the response, or nothing more, is not believed. */
  async #askAgain(request: LogonRequest, signal: AbortSignal): Promise<LogonReply> {
    try {
      return await this.#askOn(await this.#newConnection(signal), request, signal)
    } catch (error) {
      if (error instanceof NotJudged) throw new PerhapsJudged(error.reason)
      throw isOutage(error) ? new PerhapsJudged(error) : error
    }
  }

  async #askOn(connection: OpenConnection, request: LogonRequest, signal: AbortSignal): Promise<LogonReply> {
    const { socket, association } = connection
    try {
      const reply = await socket.within(signal, () => this.#call(association, request))
      if (reply.status === STATUS_ACCESS_DENIED) throw notSignedIn(this.#deps.names)
      this.#giveBack(connection)
      return reply
    } catch (error) {
      socket.close()
      throw this.#failureOf(error)
    }
  }

  /** Returns what a failed call says of the response. The other connections may have failed too. */
  #failureOf(error: unknown): NotJudged | PerhapsJudged {
    if (isForgotten(error) || isNotSignedIn(error)) this.#forget()
    if (isNotExecuted(error)) return new NotJudged(error)
    this.#idle.close()
    return isNotSignedIn(error) ? new NotJudged(error) : new PerhapsJudged(error)
  }

  async #call(association: RpcAssociation, request: LogonRequest): Promise<LogonReply> {
    const level = this.#level
    const names = { ...this.#deps.names, level }
    const reply = decodeLogon(await association.call(NetlogonCall.SAM_LOGON_EX, encodeLogon(names, request)), level)
    if (reply.status !== STATUS_INVALID_INFO_CLASS || level === 3) return reply
    this.#level = 3
    return this.#call(association, request)
  }

  async #connection(signal: AbortSignal): Promise<OpenConnection> {
    return (await this.#idle.take()) ?? (await this.#newConnection(signal))
  }

  /** Returns one that was opened just now. */
  async #newConnection(signal: AbortSignal): Promise<OpenConnection> {
    try {
      return await this.#openSignedIn(signal)
    } catch (error) {
      if (!isForgotten(error)) throw error
      this.#forget()
      return await this.#openSignedIn(signal)
    }
  }

  async #openSignedIn(signal: AbortSignal): Promise<OpenConnection> {
    const host = this.#deps.mapper.host
    const session = await inTime(signal, this.#signedIn(), `the sign-in of the machine account at ${host}`)
    return openConnection(session, this.#deps, signal)
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
    this.#giveBack(connection)
    return session
  }

  #giveBack(connection: OpenConnection): void {
    if (this.#isClosed) connection.socket.close()
    else this.#idle.put(connection)
  }

  #forget(): void {
    this.#session = undefined
    this.#refusedAt = 0
  }
}

/** Windows asks with one to ten at the same time (MaxConcurrentApi). */
const MAX_CONNECTIONS = 4
/** Each waits with a response of at most 4 KiB. */
const MAX_WAITING = 1_000
/** A wrong password of the machine account is not tried more often; milliseconds. */
const BACK_OFF = 10_000
const STATUS_ACCESS_DENIED = 0xc000_0022
const STATUS_INVALID_INFO_CLASS = 0xc000_0003
