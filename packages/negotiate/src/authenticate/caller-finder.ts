import { randomBytes } from 'node:crypto'
import type { Acceptor, AcceptorOptions, Identity } from '@s4u/acceptor'
import { parseAuthorization, type ParsedAuthorization } from '@s4u/gssapi'
import type { S4uError } from '@s4u/kdc-client'
import { rememberAddress } from '../audit/impersonation-events.js'
import { CallerIdentity } from '../delegation/caller-identity.js'
import type { Profiles } from '../directory/profiles.js'
import type { Delegator } from '../delegation/delegator.js'
import type { Challenges } from '../http/challenges.js'
import type { ClientAddresses } from '../http/client-address.js'
import { type CrossSiteOptions, CrossSitePolicy, crossSiteRefusal } from '../http/cross-site.js'
import { warnOfSmallHeaders } from '../http/header-size.js'
import { isUpgrade, headerOf, type NegotiableRequest } from '../http/request.js'
import type { Challenge, ResponseHeaders } from '../http/response.js'
import type { TlsCertificateOptions } from '../http/tls-channel.js'
import type { SessionOptions } from '../session/session-options.js'
import type { Session } from '../session/session-revocation.js'
import { Sessions } from '../session/sessions.js'
import type { AboutRequest, Found, FoundCaller } from './found-caller.js'
import type { NamedSource, SignInSources } from '../sign-in-sources/sign-in-sources.js'
import type { NegotiatorEvents } from './negotiator-events.js'
import type { NtlmService } from './ntlm-use.js'
import type { Authenticated } from './outcome.js'
import { SourceSignIn } from './source-sign-in.js'
import { TokenSignIn } from './token-sign-in.js'

/** The options of a negotiator that decide how callers are found. */
export interface CallerFinderOptions
  extends
    CrossSiteOptions,
    TlsCertificateOptions,
    SessionOptions,
    Pick<AcceptorOptions, 'channelBinding' | 'now' | 'random' | 'serviceAliases'> {}

export interface CallerFinderDeps {
  /** What the directory says of callers; undefined without one. */
  readonly profiles?: Profiles | undefined
  readonly options: CallerFinderOptions
  readonly acceptor: Acceptor
  readonly delegator: Delegator
  readonly events: NegotiatorEvents
  readonly challenges: Challenges
  readonly addresses: ClientAddresses
  readonly sources: SignInSources
  /**
   * Returns the rules by which callers are let in. A session counts only for an app with the same
   * rules.
   */
  readonly sessionRules: () => string
}

/** Finds the caller of a request: by its token, else by its session. */
export class CallerFinder {
  readonly #deps: CallerFinderDeps
  readonly #sessions: Sessions
  readonly #crossSite: CrossSitePolicy
  readonly #bySource: SourceSignIn
  readonly #byToken: TokenSignIn

  /** @throws ConfigurationError */
  constructor(deps: CallerFinderDeps) {
    const { options, acceptor, sessionRules: rules } = deps
    const { now = Date.now, random = randomBytes } = options
    this.#deps = deps
    const callerOf = (identity: Identity): CallerIdentity => this.#callerOf(identity)
    this.#sessions = new Sessions(options.session, { acceptor, rules, now, ownClock: options.now, random, callerOf })
    this.#crossSite = new CrossSitePolicy(options.crossSite)
    const about = (request: NegotiableRequest): AboutRequest => this.about(request)
    const ntlmService = (): NtlmService => this.#ntlmService()
    const shared = { ...deps, sessions: this.#sessions, about, callerOf, ntlmService }
    this.#bySource = new SourceSignIn(shared)
    this.#byToken = new TokenSignIn({
      ...{ ...shared, now },
      authenticated: (of, identity, headers) => this.#authenticated(of, identity, 'token', headers),
    })
  }

  async find(request: NegotiableRequest): Promise<Found> {
    warnOfSmallHeaders(request)
    const parsed = parseAuthorization(headerOf(request, 'authorization'))
    const source = this.#sourceFor(request, parsed)
    // This check comes before anything is believed or remembered.
    if (this.#isForeign(request, parsed.status, source)) return { by: 'refusal', challenge: this.#refuseSite(request) }
    if (source === 'sign-out') return this.#bySource.signOut(this.#deps.sources.received(request))
    if (source !== undefined) return this.#bySource.judge(this.#deps.sources.received(request), source)
    switch (parsed.status) {
      case 'none':
        return this.#findSession(request)
      case 'other-scheme':
        return { by: 'nothing', reason: 'other-scheme', headers: this.#sessions.headersOfUnknown }
      case 'malformed':
        return this.#byToken.refuseHeader(request, parsed.error)
      case 'token':
        return this.#byToken.judge(request, parsed.token)
    }
  }

  startSession(identity: CallerIdentity): ResponseHeaders {
    const begun = this.#sessions.beginCookie(identity)
    if (begun !== undefined) this.#deps.events.sessionBegun(identity, begun.by, begun.headers)
    return begun?.headers ?? {}
  }

  endSession(request: NegotiableRequest): ResponseHeaders {
    const { events } = this.#deps
    events.sessionEnded()
    const session = this.#sessions.of(request)
    // The cookie is taken away in any case; nobody waits here for the store.
    if (session !== undefined)
      this.#sessions.forget(session).catch((error: S4uError) => {
        events.refusedUnseen({ ...this.about(request), code: error.code, error })
      })
    return this.#sessions.end(request)
  }

  async signOut(request: NegotiableRequest): Promise<ResponseHeaders> {
    const { headers } = await this.#sessions.signOut(request)
    this.#deps.events.sessionEnded()
    return headers
  }

  /** Returns the session that the request showed, or that its answer begins. */
  sessionOf(request: NegotiableRequest): Session | undefined {
    return this.#sessions.of(request)
  }

  sessionGoesOn(session: Session): Promise<boolean> {
    return this.#sessions.goesOn(session)
  }

  /**
   * Returns the 403 for a request that a page of another site has sent; undefined for other
   * requests.
   */
  refusalOfSite(request: NegotiableRequest): Challenge | undefined {
    return this.#crossSite.permits(request) ? undefined : this.#refuseSite(request)
  }

  clear(): void {
    this.#byToken.clear()
  }

  /** Returns the facts about a request that all events have. */
  about(request: NegotiableRequest): AboutRequest {
    const clientAddress = this.#deps.addresses.of(request)
    return { request, ...(clientAddress !== undefined && { clientAddress }) }
  }

  /**
   * Whether a page of another site makes a browser act for its user. A request without a token and
   * without a session acts for no user. An upgrade is judged in any case.
   */
  #isForeign(request: NegotiableRequest, authorization: string, source: NamedSource | 'sign-out' | undefined): boolean {
    if (this.#crossSite.permits(request)) return false
    if (isUpgrade(request) || source === 'sign-out') return true
    if (source !== undefined) return source.opened.ambient ?? true
    if (authorization !== 'none') return authorization !== 'other-scheme'
    return this.#sessions.isShown(request)
  }

  /**
   * Returns the source that decides about a request. If a request has a Negotiate token, the token
   * alone decides, but for the pages of a source (a form to sign in): there the source decides. A
   * token without Kerberos may be for a source, too.
   */
  #sourceFor(request: NegotiableRequest, parsed: ParsedAuthorization): NamedSource | 'sign-out' | undefined {
    const { sources } = this.#deps
    if (sources.isSignOut(request)) return 'sign-out'
    if (sources.isEmpty) return undefined
    const received = sources.received(request)
    if (!sources.isOwnPage(received)) {
      if (parsed.status === 'malformed') return undefined
      if (parsed.status === 'token') return sources.findForToken(received, parsed.token)
    }
    return sources.find(received)
  }

  #refuseSite(request: NegotiableRequest): Challenge {
    const { events, challenges } = this.#deps
    const error = crossSiteRefusal(request)
    events.refusedUnseen({ ...this.about(request), code: error.code, error, statusCode: 403 })
    return challenges.otherSite(error)
  }

  async #findSession(request: NegotiableRequest): Promise<Found> {
    const found = await this.#sessions.find(request)
    const { headersOfUnknown } = this.#sessions
    switch (found.status) {
      case 'found':
        return this.#authenticated(this.about(request), found.identity, found.by, found.headers, found.session)
      case 'none':
        return { by: 'nothing', reason: 'no-token', headers: headersOfUnknown }
      case 'refused': {
        const { error, headers } = found
        this.#deps.events.refusedUnseen({ ...this.about(request), code: error.code, error })
        // The request goes on as if there were no session.
        return { by: 'nothing', reason: 'no-token', headers: { ...headersOfUnknown, ...headers } }
      }
    }
  }

  #authenticated(
    about: AboutRequest,
    identity: CallerIdentity,
    by: Authenticated['by'],
    headers: ResponseHeaders,
    session?: Session,
  ): FoundCaller {
    rememberAddress(identity, about.clientAddress)
    const shown = session && { session }
    this.#deps.events.authenticated({ ...about, identity, by, ...shown })
    return { by, identity, headers, ...shown }
  }

  #ntlmService(): NtlmService {
    const { acceptor, options, sources } = this.#deps
    const { principals } = acceptor
    const hasAliases = (options.serviceAliases ?? []).length > 0
    return { principals, hasAliases, takesNtlm: sources.names.includes('ntlm') }
  }

  #callerOf(identity: Identity): CallerIdentity {
    return new CallerIdentity(identity, this.#deps.delegator, this.#deps.profiles)
  }
}
