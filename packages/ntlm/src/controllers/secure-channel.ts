import { ConfigurationError, MalformedTokenError, RejectedTokenError, RpcAssociation } from '@s4u/krb5'
import { NetlogonUnreachableError } from '../errors.js'
import { decodeLogon, encodeLogon, type LogonReply, type LogonRequest } from '../netlogon/logon-call.js'
import { decodeCapabilities, encodeCapabilities, NETLOGON, NetlogonCall } from '../netlogon/netlogon-calls.js'
import { NetlogonSeal } from '../netlogon/netlogon-seal.js'
import { RpcSocket } from '../netlogon/rpc-socket.js'
import type { ValidationLevel } from '../netlogon/validation-info.js'
import {
  authenticateChannel,
  type ChannelDeps,
  type ChannelSession,
  downgraded,
  isForgotten,
} from './authenticate-channel.js'
import { inTime } from './in-time.js'
import { Turns } from './turns.js'

/** A sealed connection, for one call at a time. */
interface Lease {
  readonly socket: RpcSocket
  readonly association: RpcAssociation
  readonly session: ChannelSession
  /** Whether it stood between calls: the controller may have closed it meanwhile. */
  wasIdle: boolean
}

/**
 * The secure channel to one domain controller: some sealed connections with one session key. The
 * controller keeps one key for each machine account; where it has forgotten ours, we sign in again.
 */
export class SecureChannel {
  readonly #deps: ChannelDeps
  readonly #turns = new Turns(MAX_CONNECTIONS, MAX_WAITING)
  readonly #idle: Lease[] = []
  #session: Promise<ChannelSession> | undefined
  #refusedAt = 0
  #level: ValidationLevel = 6
  #isClosed = false

  constructor(deps: ChannelDeps) {
    this.#deps = deps
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
      this.#giveBack(lease)
      return reply
    } catch (error) {
      socket.close()
      if (isForgotten(error)) {
        this.#forget()
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
    return this.#open(session, signal)
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

  async #open(session: ChannelSession, signal: AbortSignal): Promise<Lease> {
    const { mapper, domain, names, random } = this.#deps
    const socket = await RpcSocket.open({ host: mapper.host, port: session.port }, signal)
    try {
      const { sessionKey } = session
      const protection = new NetlogonSeal({ sessionKey, domain, computer: names.computer, random })
      const binding = (): Promise<RpcAssociation> => RpcAssociation.bind(socket, { ...NETLOGON, protection })
      return { socket, association: await socket.within(signal, binding), session, wasIdle: false }
    } catch (error) {
      socket.close()
      throw error
    }
  }

  /** One sign-in for all that wait; one that was refused is not tried again at once. */
  #signedIn(): Promise<ChannelSession> {
    const { now } = this.#deps
    if (this.#session !== undefined && this.#refusedAt !== 0 && now() - this.#refusedAt > BACK_OFF) this.#forget()
    return (this.#session ??= this.#signIn().catch((error: unknown) => {
      // An outage may end at once; what the operator has to mend does not.
      if (error instanceof ConfigurationError) this.#refusedAt = now()
      else this.#session = undefined
      throw error
    }))
  }

  /** Its time limit is its own: whoever waits for it may come from several callers. */
  async #signIn(): Promise<ChannelSession> {
    const signal = AbortSignal.timeout(this.#deps.timeLimit)
    const session = await authenticateChannel(this.#deps, signal)
    const lease = await this.#open(session, signal)
    await lease.socket.within(signal, () => requireAgreement(lease, this.#deps))
    this.#giveBack(lease)
    return session
  }

  #giveBack(lease: Lease): void {
    if (this.#isClosed || this.#idle.length >= MAX_CONNECTIONS) return lease.socket.close()
    lease.socket.hold(false)
    lease.wasIdle = true
    this.#idle.push(lease)
  }

  #forget(): void {
    this.#session = undefined
    this.#refusedAt = 0
  }
}

/**
 * Asks under the key what was agreed to: an attacker between could have changed it before. MS-NRPC
 * section 3.5.4.4.10.
 */
async function requireAgreement({ association, session, socket }: Lease, { names, now }: ChannelDeps): Promise<void> {
  const { authenticator, flags } = session
  try {
    const proof = authenticator.next(Math.floor(now() / 1000))
    const reply = decodeCapabilities(
      await association.call(NetlogonCall.GET_CAPABILITIES, encodeCapabilities(names, proof)),
    )
    if (reply.status !== 0) throw downgraded()
    authenticator.verify(reply.authenticator)
    if (reply.capabilities !== flags) throw downgraded()
  } catch (error) {
    socket.close()
    throw error
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
const STATUS_INVALID_INFO_CLASS = 0xc000_0003
