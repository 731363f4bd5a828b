import { randomBytes } from 'node:crypto'
import type { Acceptor, AcceptOutcome, Identity } from '@s4u/acceptor'
import { formatChallenge, parseAuthorization } from '@s4u/gssapi'
import { S4uError } from '@s4u/kdc-client'
import { NEVER_CACHED, NOT_CACHED, varyingWith } from '../http/caching.js'
import { CallerIdentity } from '../delegation/caller-identity.js'
import type { Challenges } from '../http/challenges.js'
import { ConnectionSession } from '../session/connection-session.js'
import { CookieSession } from '../session/cookie-session.js'
import { CrossSitePolicy, foreignSite, isUpgrade } from '../http/cross-site.js'
import type { Delegator } from '../delegation/delegator.js'
import type { NegotiatorEvents } from './negotiator-events.js'
import { warnOfSmallHeaders } from '../http/header-size.js'
import { rememberAddress } from '../audit/impersonation-events.js'
import { configuredBindings, type NegotiatorOptions } from '../negotiator-options.js'
import {
  type Authenticated,
  type Challenge,
  headerOf,
  type NegotiableRequest,
  type ResponseHeaders,
} from './outcome.js'
import type { AboutRequest, Found } from './found-caller.js'
import { cannotContinue, notUnderWay } from './leg-refusals.js'
import { isContinuation, PendingNegotiations } from './pending-negotiations.js'
import { connectionOf } from '../http/proxied.js'
import { checkRevocation, checkSession } from '../session/session-options.js'
import { type IsRevoked, requireUnrevoked, type Session } from '../session/session-revocation.js'
import { sessionRulesOf } from '../session-rules.js'
import { bindingsOf } from '../http/tls-channel.js'

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
  readonly #isRevoked: IsRevoked | undefined
  readonly #crossSite: CrossSitePolicy
  readonly #proxyBindings: readonly Uint8Array[]
  readonly #sessions = new WeakMap<NegotiableRequest, Session>()
  /** What a caller who shows nothing is told: with a session the answer would be another. */
  readonly #unknown: ResponseHeaders

  /** @throws ConfigurationError */
  constructor(deps: CallerFinderDeps) {
    const { options, acceptor } = deps
    const { now = Date.now, random = randomBytes } = options
    const session = checkSession(options.session)
    this.#deps = deps
    this.#pending = new PendingNegotiations(now)
    this.#proxyBindings = configuredBindings(options)
    this.#connections = session === 'connection' ? new ConnectionSession(now) : undefined
    const rules = sessionRulesOf(options, acceptor)
    this.#cookies =
      typeof session === 'object' ? new CookieSession(session, { acceptor, now, random, rules }) : undefined
    this.#isRevoked = checkRevocation(options.session)
    this.#crossSite = new CrossSitePolicy(options.crossSite)
    this.#unknown = varyingWith(session === undefined ? {} : this.#cookies ? NOT_CACHED : NEVER_CACHED)
  }

  async find(request: NegotiableRequest): Promise<Found> {
    warnOfSmallHeaders(request)
    const parsed = parseAuthorization(headerOf(request, 'authorization'))
    // Before anything is believed or remembered.
    if (this.#isForeign(request, parsed.status)) return { by: 'refusal', challenge: this.#refuseSite(request) }
    switch (parsed.status) {
      case 'none':
        return this.#findSession(request)
      case 'other-scheme':
        return { by: 'nothing', reason: 'other-scheme', headers: this.#unknown }
      case 'malformed':
        return this.#refuse(request, parsed.error, { statusCode: 400, unseen: true })
      case 'token':
        return this.#judge(request, parsed.token)
    }
  }

  startSession(identity: CallerIdentity): ResponseHeaders {
    const { events } = this.#deps
    const headers = this.#cookies?.begin(identity) ?? {}
    if (this.#cookies !== undefined) events.sessionBegun(identity, 'session', headers)
    return headers
  }

  endSession(request: NegotiableRequest): ResponseHeaders {
    this.#deps.events.sessionEnded()
    this.#connections?.end(request)
    return this.#cookies?.end(request) ?? {}
  }

  /** The session that a request was found to show. */
  sessionOf(request: NegotiableRequest): Session | undefined {
    return this.#sessions.get(request)
  }

  /** The 403 for a request that a page of another site has sent; undefined for all others. */
  refusalOfSite(request: NegotiableRequest): Challenge | undefined {
    return this.#crossSite.lets(request) ? undefined : this.#refuseSite(request)
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

  /**
   * Who brings nothing that a browser adds by itself acts in nobody's name. An upgrade is judged in
   * any case.
   */
  #isForeign(request: NegotiableRequest, authorization: string): boolean {
    if (this.#crossSite.lets(request)) return false
    if (isUpgrade(request)) return true
    if (authorization !== 'none') return authorization !== 'other-scheme'
    return this.#connections?.find(request) !== undefined || (this.#cookies?.isShown(request) ?? false)
  }

  #refuseSite(request: NegotiableRequest): Challenge {
    const { events, challenges } = this.#deps
    const error = foreignSite(request)
    events.refusedUnseen({ ...this.about(request), code: error.code, error, statusCode: 403 })
    return challenges.otherSite(error)
  }

  async #findSession(request: NegotiableRequest): Promise<Found> {
    const bound = this.#connections?.find(request)
    if (bound !== undefined) return this.#findBound(request, bound)
    const found = await this.#cookies?.find(request)
    if (found?.status === 'found') {
      const { identity, session } = found
      this.#sessions.set(request, session)
      return this.#authenticated(this.about(request), this.#callerOf(identity), 'session', NOT_CACHED, session)
    }
    return found?.status === 'refused'
      ? this.#refuseSession(request, found.error, found.headers)
      : { by: 'nothing', reason: 'no-token', headers: this.#unknown }
  }

  async #findBound(request: NegotiableRequest, identity: CallerIdentity): Promise<Found> {
    const session = this.#connections?.sessionOf(identity)
    try {
      if (session !== undefined) await requireUnrevoked(this.#isRevoked, session)
    } catch (error) {
      if (!S4uError.is(error)) throw error
      this.#connections?.end(request)
      return this.#refuseSession(request, error, {})
    }
    if (session !== undefined) this.#sessions.set(request, session)
    return this.#authenticated(this.about(request), identity, 'connection', NEVER_CACHED, session)
  }

  /** The request goes on as if there were no session. */
  #refuseSession(request: NegotiableRequest, error: S4uError, headers: ResponseHeaders): Found {
    this.#deps.events.refusedUnseen({ ...this.about(request), code: error.code, error })
    return { by: 'nothing', reason: 'no-token', headers: { ...this.#unknown, ...headers } }
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
        const session = this.#beginSession(request, identity)
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

  #beginSession(request: NegotiableRequest, identity: CallerIdentity): ResponseHeaders | undefined {
    const headers = this.#connections?.begin(request, identity) ?? this.#cookies?.begin(identity, request)
    const by = this.#connections === undefined ? 'session' : 'connection'
    if (headers !== undefined) this.#deps.events.sessionBegun(identity, by, headers)
    return headers
  }

  /** `unseen`: the acceptor has not published it. */
  #refuse(
    request: NegotiableRequest,
    error: S4uError,
    details: { statusCode?: 400; reply?: Uint8Array; mechanism?: string; unseen?: boolean },
  ): Found {
    const { reply, mechanism, unseen = false } = details
    // To authenticate again would not help while the replay store has no answer, and browsers would
    // ask for a password.
    const statusCode: 400 | 401 | 503 = details.statusCode ?? (error.status === 503 ? 503 : 401)
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
    session?: Session,
  ): Found {
    rememberAddress(identity, about.clientAddress)
    const shown = session && { session }
    this.#deps.events.authenticated({ ...about, identity, by, ...shown })
    return { by, identity, headers, ...shown }
  }

  #callerOf(identity: Identity): CallerIdentity {
    return new CallerIdentity(identity, this.#deps.delegator)
  }
}
