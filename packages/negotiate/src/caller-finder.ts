import { randomBytes } from 'node:crypto'
import type { Acceptor, AcceptOutcome, Identity } from '@s4u/acceptor'
import { formatChallenge, parseAuthorization } from '@s4u/gssapi'
import { RejectedTokenError, type S4uError } from '@s4u/kdc-client'
import { CallerIdentity } from './caller-identity.js'
import type { Challenges } from './challenges.js'
import { ConnectionSession } from './connection-session.js'
import { CookieSession } from './cookie-session.js'
import type { Delegator } from './delegator.js'
import type { NegotiatorEvents } from './events.js'
import { warnOfSmallHeaders } from './header-size.js'
import { rememberAddress } from './impersonate-events.js'
import { configuredBindings, type NegotiatorOptions } from './negotiator-options.js'
import {
  type Authenticated,
  type Challenge,
  headerOf,
  type NegotiableRequest,
  type ResponseHeaders,
} from './outcome.js'
import { isContinuation, PendingNegotiations } from './pending-negotiations.js'
import { connectionOf } from './proxied.js'
import { checkSession } from './session-options.js'
import { bindingsOf } from './tls-channel.js'

/** What a request was found to bring, whether or not anybody must be there. */
export type Found =
  | {
      readonly by: Authenticated['by']
      readonly identity: CallerIdentity
      readonly headers: ResponseHeaders
    }
  | { readonly by: 'nothing'; readonly reason: 'no-token' | 'other-scheme'; readonly headers: ResponseHeaders }
  | { readonly by: 'refusal'; readonly challenge: Challenge }

interface AboutRequest {
  readonly request: NegotiableRequest
  readonly clientAddress?: string
}

export interface CallerFinderDeps {
  readonly options: NegotiatorOptions
  readonly acceptor: Acceptor
  readonly delegator: Delegator
  readonly events: NegotiatorEvents
  readonly challenges: Challenges
}

/** Finds out who sent a request: by its token, else by its session. */
export class CallerFinder {
  readonly #deps: CallerFinderDeps
  readonly #pending: PendingNegotiations
  readonly #cookies: CookieSession | undefined
  readonly #connections: ConnectionSession | undefined
  readonly #proxyBindings: readonly Uint8Array[]

  /** @throws ConfigurationError */
  constructor(deps: CallerFinderDeps) {
    const { options, acceptor } = deps
    const { now = Date.now, random = randomBytes } = options
    const session = checkSession(options.session)
    this.#deps = deps
    this.#pending = new PendingNegotiations(now)
    this.#proxyBindings = configuredBindings(options)
    this.#connections = session === 'connection' ? new ConnectionSession(now) : undefined
    this.#cookies = typeof session === 'object' ? new CookieSession(session, { acceptor, now, random }) : undefined
  }

  async find(request: NegotiableRequest): Promise<Found> {
    warnOfSmallHeaders(request)
    const parsed = parseAuthorization(headerOf(request, 'authorization'))
    switch (parsed.status) {
      case 'none':
        return this.#findSession(request)
      case 'other-scheme':
        return { by: 'nothing', reason: 'other-scheme', headers: {} }
      case 'malformed':
        return this.#refuse(request, parsed.error, { statusCode: 400, unseen: true })
      case 'token':
        return this.#judge(request, parsed.token)
    }
  }

  startSession(identity: CallerIdentity): ResponseHeaders {
    return this.#cookies?.begin(identity) ?? {}
  }

  endSession(request: NegotiableRequest): ResponseHeaders {
    this.#connections?.end(request)
    return this.#cookies?.end(request) ?? {}
  }

  clear(): void {
    this.#pending.clear()
  }

  /** What events say about a request. */
  about(request: NegotiableRequest): AboutRequest {
    const { clientAddress: find } = this.#deps.options
    const clientAddress = find === undefined ? request.socket?.remoteAddress : find(request)
    return { request, ...(clientAddress !== undefined && { clientAddress }) }
  }

  async #findSession(request: NegotiableRequest): Promise<Found> {
    const bound = this.#connections?.find(request)
    if (bound !== undefined) return this.#authenticated(this.about(request), bound, 'connection', {})
    const session = await this.#cookies?.find(request)
    if (session?.status === 'found')
      return this.#authenticated(this.about(request), this.#callerOf(session.identity), 'session', {})
    if (session?.status !== 'refused') return { by: 'nothing', reason: 'no-token', headers: {} }
    this.#deps.events.refusedUnseen({ ...this.about(request), code: session.error.code, error: session.error })
    return { by: 'nothing', reason: 'no-token', headers: session.headers }
  }

  async #judge(request: NegotiableRequest, token: Uint8Array): Promise<Found> {
    const { acceptor, options } = this.#deps
    const continues = isContinuation(token)
    const negotiation = continues ? this.#pending.take(connectionOf(request)) : undefined
    if (negotiation === undefined && continues) return this.#refuse(request, notUnderWay(), { unseen: true })
    const about = this.about(request)
    const { clientAddress } = about
    const bound = (options.channelBinding ?? 'off') !== 'off'
    const accepted = await acceptor.accept(token, {
      request,
      ...(clientAddress !== undefined && { clientAddress }),
      ...(negotiation && { negotiation }),
      ...(bound && { channelBindings: [...bindingsOf(request), ...this.#proxyBindings] }),
    })
    return this.#follow(about, accepted)
  }

  #follow(about: AboutRequest, accepted: AcceptOutcome): Found {
    const { request } = about
    switch (accepted.status) {
      case 'accepted': {
        const reply = accepted.reply && { 'WWW-Authenticate': formatChallenge(accepted.reply) }
        const identity = this.#callerOf(accepted.identity)
        const session = this.#connections?.begin(request, identity) ?? this.#cookies?.begin(identity, request)
        return this.#authenticated(about, identity, 'token', { ...reply, ...session })
      }
      case 'continue': {
        const connection = connectionOf(request)
        const kept = connection !== undefined && this.#pending.keep(connection, accepted.negotiation)
        if (!kept) return this.#refuse(request, cannotContinue(), { unseen: true })
        this.#deps.events.challenged({ ...about, reason: 'continue' })
        return { by: 'refusal', challenge: this.#deps.challenges.next(accepted.reply) }
      }
      case 'refused':
        return this.#refuse(request, accepted.error, accepted)
    }
  }

  /** `unseen`: the acceptor has not published it. */
  #refuse(
    request: NegotiableRequest,
    error: S4uError,
    details: { statusCode?: 400 | 401; reply?: Uint8Array; mechanism?: string; unseen?: boolean },
  ): Found {
    const { statusCode = 401, reply, mechanism, unseen = false } = details
    const { events, challenges } = this.#deps
    this.#connections?.end(request)
    const event = {
      ...this.about(request),
      code: error.code,
      error,
      statusCode,
      ...(mechanism !== undefined && { mechanism }),
    }
    if (unseen) events.refusedUnseen(event)
    else events.failed(event)
    return { by: 'refusal', challenge: challenges.refused(request, error, statusCode, reply) }
  }

  #authenticated(
    about: AboutRequest,
    identity: CallerIdentity,
    by: Authenticated['by'],
    headers: ResponseHeaders,
  ): Found {
    rememberAddress(identity, about.clientAddress)
    this.#deps.events.authenticated({ ...about, identity, by })
    return { by, identity, headers }
  }

  #callerOf(identity: Identity): CallerIdentity {
    return new CallerIdentity(identity, this.#deps.delegator)
  }
}

function notUnderWay(): RejectedTokenError {
  return new RejectedTokenError('the token continues a negotiation that is not under way on this connection', {
    code: 'GSS_S_NO_CONTEXT',
    hint: 'It took too long, came over another connection, or through a proxy: further legs need the connection of the first.',
  })
}

function cannotContinue(): RejectedTokenError {
  return new RejectedTokenError('the client needs several legs, and this request cannot be followed by another', {
    code: 'GSS_S_UNAVAILABLE',
    hint: 'It came through a proxy, over HTTP/2, or on a connection with two negotiations at once; or too many are under way. A client that puts Kerberos first needs one leg alone.',
  })
}
