import { randomBytes } from 'node:crypto'
import {
  type Acceptor,
  type AcceptOutcome,
  type AuthenticationMethod,
  createAcceptor,
  type Identity,
} from '@s4u/acceptor'
import { formatChallenge, parseAuthorization } from '@s4u/gssapi'
import {
  createKdcClient,
  type KdcClient,
  type MalformedTokenError,
  RejectedTokenError,
  type S4uError,
} from '@s4u/kdc-client'
import { CallerIdentity } from './caller-identity.js'
import { Challenges } from './challenges.js'
import { ConnectionSession } from './connection-session.js'
import { CookieSession } from './cookie-session.js'
import { requireProtocolTransition } from './delegation-policy.js'
import { Delegator } from './delegator.js'
import { type NegotiatorCounters, NegotiatorEvents } from './events.js'
import { warnOfSmallHeaders } from './header-size.js'
import { declareNegotiator, type ImpersonationOption, impersonationGateOf, runnerFor } from './impersonation-option.js'
import { recordNegotiated } from './negotiated-requests.js'
import { checkNegotiatorOptions, configuredBindings, type Mode, type NegotiatorOptions } from './negotiator-options.js'
import {
  type Challenge,
  type Gate,
  headerOf,
  type NegotiableRequest,
  type Outcome,
  type ResponseHeaders,
  runPlainly,
} from './outcome.js'
import { isContinuation, PendingNegotiations } from './pending-negotiations.js'
import { connectionOf } from './proxied.js'
import { checkSession } from './session-options.js'
import { bindingsOf } from './tls-channel.js'

export interface Negotiator extends Disposable {
  /**
   * Who sent this request? Called again for the same request it answers the same, without a second look at the token; `mode` may
   * differ: what was optional for the app can be required by a route.
   */
  authenticate(request: NegotiableRequest, options?: { readonly mode?: Mode }): Promise<Outcome>
  /**
   * The identity of a user whom the app has authenticated itself (protocol transition, S4U2Self): `bob`, `bob@AD.TEST`, or a user
   * principal name. @throws ConfigurationError KDC_ERR_POLICY (delegation.protocolTransition), KdcError, KdcUnreachableError
   */
  identityFor(
    user: string,
    options?: { readonly method?: AuthenticationMethod; readonly signal?: AbortSignal },
  ): Promise<CallerIdentity>
  /** The headers that begin a cookie session for a user whom the app has authenticated itself. Empty without such sessions. */
  startSession(identity: CallerIdentity): ResponseHeaders
  /** Ends the session of a request: the headers that take its cookie away. A stolen cookie lives until its time is over. */
  endSession(request: NegotiableRequest): ResponseHeaders
  /** What a route says about impersonation. @throws ConfigurationError at once for `notAllowed` where it is done always */
  impersonation(option: ImpersonationOption): Gate
  readonly counters: NegotiatorCounters
  /** Resolves when the keys are there. @throws ConfigurationError, MissingKeyError */
  ready(): Promise<void>
}

/** Checks its options at once. @throws ConfigurationError, MissingKeyError */
export function createNegotiator(options: NegotiatorOptions = {}): Negotiator {
  checkNegotiatorOptions(options)
  const negotiator = new HttpNegotiator(options, createAcceptor(options))
  declareNegotiator(options.impersonateCallerForAllOperations ?? false)
  return negotiator
}

class HttpNegotiator implements Negotiator {
  private readonly options: NegotiatorOptions
  private readonly acceptor: Acceptor
  private readonly delegator: Delegator
  private readonly events: NegotiatorEvents
  private readonly challenges: Challenges
  private readonly pending: PendingNegotiations
  private readonly cookies: CookieSession | undefined
  private readonly connections: ConnectionSession | undefined
  private readonly proxyBindings: readonly Uint8Array[]
  private readonly found = new WeakMap<NegotiableRequest, Promise<Found>>()
  private client: { readonly keys: readonly string[]; readonly ready: Promise<KdcClient> } | undefined

  constructor(options: NegotiatorOptions, acceptor: Acceptor) {
    const { now = Date.now, random = randomBytes } = options
    const session = checkSession(options.session)
    this.options = options
    this.acceptor = acceptor
    this.delegator = new Delegator(() => this.kdcClient(), options.delegation ?? {}, { now, ...options.fetch })
    this.events = new NegotiatorEvents(options)
    this.challenges = new Challenges(options)
    this.pending = new PendingNegotiations(now)
    this.proxyBindings = configuredBindings(options)
    this.connections = session === 'connection' ? new ConnectionSession(now) : undefined
    this.cookies = typeof session === 'object' ? new CookieSession(session, { acceptor, now, random }) : undefined
  }

  get counters(): NegotiatorCounters {
    return this.events.counters
  }

  async authenticate(request: NegotiableRequest, { mode = this.options.mode ?? 'required' } = {}): Promise<Outcome> {
    recordNegotiated(request, this.negotiated(request))
    if (mode === 'off') return ANONYMOUS
    let found = this.found.get(request)
    if (found === undefined) this.found.set(request, (found = this.look(request)))
    return this.outcomeOf(await found, request, mode)
  }

  async identityFor(
    user: string,
    { method = 'asserted', signal }: { method?: AuthenticationMethod; signal?: AbortSignal } = {},
  ): Promise<CallerIdentity> {
    requireProtocolTransition(user, this.options.delegation ?? {})
    const client = await this.kdcClient()
    const ticket = await client.s4u2self(user, signal ? { signal } : {})
    return this.callerOf(await this.acceptor.identify(ticket.ticket, method))
  }

  startSession(identity: CallerIdentity): ResponseHeaders {
    return this.cookies?.begin(identity) ?? {}
  }

  endSession(request: NegotiableRequest): ResponseHeaders {
    this.connections?.end(request)
    return this.cookies?.end(request) ?? {}
  }

  impersonation(option: ImpersonationOption): Gate {
    return impersonationGateOf(option, this.impersonatesAlways)
  }

  async ready(): Promise<void> {
    await this.acceptor.ready()
  }

  [Symbol.dispose](): void {
    this.pending.clear()
    this.acceptor[Symbol.dispose]()
  }

  private get impersonatesAlways(): boolean {
    return this.options.impersonateCallerForAllOperations ?? false
  }

  private negotiated(request: NegotiableRequest): { impersonatesAlways: boolean; challenge: () => Challenge } {
    return { impersonatesAlways: this.impersonatesAlways, challenge: () => this.challenges.first(request) }
  }

  /** A token, else a session, else nothing. What is found does not depend on whether anybody must be there. */
  private async look(request: NegotiableRequest): Promise<Found> {
    warnOfSmallHeaders(request)
    const parsed = parseAuthorization(headerOf(request, 'authorization'))
    switch (parsed.status) {
      case 'none':
        return this.lookForSession(request)
      case 'other-scheme':
        return { by: 'nothing', reason: 'other-scheme', headers: {} }
      case 'malformed':
        return this.refuseHeader(request, parsed.error)
      case 'token':
        return this.judge(request, parsed.token)
    }
  }

  private async lookForSession(request: NegotiableRequest): Promise<Found> {
    const bound = this.connections?.find(request)
    if (bound !== undefined) return this.authenticated(request, bound, 'connection', {})
    const session = await this.cookies?.find(request)
    if (session?.status === 'found') return this.authenticated(request, this.callerOf(session.identity), 'session', {})
    if (session?.status !== 'refused') return { by: 'nothing', reason: 'no-token', headers: {} }
    this.events.refusedUnseen({ ...this.about(request), code: session.error.code, error: session.error })
    return { by: 'nothing', reason: 'no-token', headers: session.headers }
  }

  private async judge(request: NegotiableRequest, token: Uint8Array): Promise<Found> {
    const connection = connectionOf(request)
    const negotiation = isContinuation(token) ? this.pending.take(connection) : undefined
    if (negotiation === undefined && isContinuation(token)) return this.refuseUnseen(request, NOT_HERE())
    const accepted = await this.acceptor.accept(token, {
      ...this.about(request),
      ...(negotiation && { negotiation }),
      ...((this.options.channelBinding ?? 'off') !== 'off' && {
        channelBindings: [...bindingsOf(request), ...this.proxyBindings],
      }),
    })
    return this.follow(request, accepted, connection)
  }

  private follow(request: NegotiableRequest, accepted: AcceptOutcome, connection: object | undefined): Found {
    switch (accepted.status) {
      case 'accepted': {
        const reply = accepted.reply && { 'WWW-Authenticate': formatChallenge(accepted.reply) }
        const identity = this.callerOf(accepted.identity)
        const session = this.connections?.begin(request, identity) ?? this.cookies?.begin(identity)
        return this.authenticated(request, identity, 'token', { ...reply, ...session })
      }
      case 'continue': {
        const kept = connection !== undefined && this.pending.keep(connection, accepted.negotiation)
        if (!kept) return this.refuseUnseen(request, CANNOT_CONTINUE())
        this.events.challenged({ ...this.about(request), reason: 'continue' })
        return { by: 'refusal', challenge: this.challenges.next(accepted.reply) }
      }
      case 'refused':
        return this.refuse(request, accepted.error, accepted)
    }
  }

  private refuse(
    request: NegotiableRequest,
    error: S4uError,
    { reply, mechanism }: { readonly reply?: Uint8Array; readonly mechanism?: string },
  ): Found {
    this.connections?.end(request)
    this.events.failed({
      ...this.about(request),
      code: error.code,
      error,
      statusCode: 401,
      ...(mechanism && { mechanism }),
    })
    return { by: 'refusal', challenge: this.challenges.refused(request, error, 401, reply) }
  }

  private refuseUnseen(request: NegotiableRequest, error: S4uError): Found {
    this.connections?.end(request)
    this.events.refusedUnseen({ ...this.about(request), code: error.code, error, statusCode: 401 })
    return { by: 'refusal', challenge: this.challenges.refused(request, error, 401) }
  }

  private refuseHeader(request: NegotiableRequest, error: MalformedTokenError): Found {
    this.events.refusedUnseen({ ...this.about(request), code: error.code, error, statusCode: 400 })
    return { by: 'refusal', challenge: this.challenges.refused(request, error, 400) }
  }

  private authenticated(
    request: NegotiableRequest,
    identity: CallerIdentity,
    by: 'token' | 'session' | 'connection',
    headers: ResponseHeaders,
  ): Found {
    this.events.authenticated({ ...this.about(request), identity, by })
    return { by, identity, headers }
  }

  private outcomeOf(found: Found, request: NegotiableRequest, mode: Mode): Outcome {
    if (found.by === 'refusal') return found.challenge
    if (found.by !== 'nothing') {
      const { identity, by, headers } = found
      return { status: 'authenticated', identity, by, headers, run: runnerFor(identity, this.impersonatesAlways) }
    }
    if (mode === 'optional') return { ...ANONYMOUS, headers: found.headers }
    this.events.challenged({ ...this.about(request), reason: found.reason })
    const challenge = this.challenges.first(request)
    return { ...challenge, headers: { ...challenge.headers, ...found.headers } }
  }

  private about(request: NegotiableRequest): { request: NegotiableRequest; clientAddress?: string } {
    const { clientAddress: find } = this.options
    const clientAddress = find === undefined ? request.socket?.remoteAddress : find(request)
    return { request, ...(clientAddress !== undefined && { clientAddress }) }
  }

  private callerOf(identity: Identity): CallerIdentity {
    return new CallerIdentity(identity, this.delegator)
  }

  /** One client for as long as the keytab stays the same: it signs in with what is in there. */
  private async kdcClient(): Promise<KdcClient> {
    await this.acceptor.ready()
    const { principals: keys } = this.acceptor
    if (this.client?.keys !== keys) {
      const ready = this.createClient()
      const client = { keys, ready }
      this.client = client
      ready.catch(() => {
        if (this.client === client) this.client = undefined
      })
    }
    return this.client.ready
  }

  private async createClient(): Promise<KdcClient> {
    const { kdc, kdcTimeLimit, delegation, encryptionTypes, now, random } = this.options
    const keytab = await this.acceptor.keytab()
    const principal = delegation?.principal
    return createKdcClient({
      credentials: { keytab, ...(principal !== undefined && { principal }) },
      ...(kdc !== undefined && { kdc }),
      ...(kdcTimeLimit !== undefined && { timeLimit: kdcTimeLimit }),
      ...(encryptionTypes && { encryptionTypes }),
      ...(now && { now }),
      ...(random && { random }),
    })
  }
}

/** What a request was found to bring, whatever is made of it. */
type Found =
  | {
      readonly by: 'token' | 'session' | 'connection'
      readonly identity: CallerIdentity
      readonly headers: ResponseHeaders
    }
  | { readonly by: 'nothing'; readonly reason: 'no-token' | 'other-scheme'; readonly headers: ResponseHeaders }
  | { readonly by: 'refusal'; readonly challenge: Challenge }

const ANONYMOUS = { status: 'anonymous', headers: {}, run: runPlainly } as const

const NOT_HERE = (): RejectedTokenError =>
  new RejectedTokenError('the token continues a negotiation that is not under way on this connection', {
    code: 'GSS_S_NO_CONTEXT',
    hint: 'It took too long, came over another connection, or through a proxy: further legs need the connection of the first.',
  })

const CANNOT_CONTINUE = (): RejectedTokenError =>
  new RejectedTokenError('the client needs several legs, and this request cannot be followed by another', {
    code: 'GSS_S_UNAVAILABLE',
    hint: 'It came through a proxy, over HTTP/2, or on a connection with two negotiations at once; or too many are under way. A client that puts Kerberos first needs one leg alone.',
  })
