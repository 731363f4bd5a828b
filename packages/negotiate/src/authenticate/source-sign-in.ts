import { RejectedTokenError, S4uError } from '@s4u/kdc-client'
import { NOT_CACHED } from '../http/caching.js'
import type { CallerIdentity } from '../delegation/caller-identity.js'
import type { Challenges } from '../http/challenges.js'
import type { NegotiableRequest } from '../http/request.js'
import type { ResponseHeaders } from '../http/response.js'
import type { Session } from '../session/session-revocation.js'
import type { Sessions } from '../session/sessions.js'
import { TooManyAttemptsError } from '../sign-in-sources/attempts/too-many-attempts.js'
import { localTarget } from '../sign-in-sources/local-target.js'
import type { SignInRequest } from '../sign-in-sources/sign-in-request.js'
import type { SignedIn, SignInAnswer } from '../sign-in-sources/sign-in-source.js'
import type { NamedSource, SignInSources } from '../sign-in-sources/sign-in-sources.js'
import type { AboutRequest, Found } from './found-caller.js'
import { type NtlmService, type NtlmUse, ntlmUseOf } from './ntlm-use.js'
import type { NegotiatorEvents } from './negotiator-events.js'
import { triedUserOf } from '../sign-in-sources/attempts/tried-user.js'

export interface SourceSignInDeps {
  readonly sources: SignInSources
  readonly sessions: Sessions
  readonly events: NegotiatorEvents
  readonly challenges: Challenges
  readonly about: (request: NegotiableRequest) => AboutRequest
  readonly ntlmService: () => NtlmService
  /** Returns an identity of this request alone: a source may give one to several. */
  readonly callerOf: (identity: CallerIdentity) => CallerIdentity
}

/** Lets a source judge a request, and does for all sources what follows from it. */
export class SourceSignIn {
  readonly #deps: SourceSignInDeps

  constructor(deps: SourceSignInDeps) {
    this.#deps = deps
  }

  async judge(request: SignInRequest, source: NamedSource): Promise<Found> {
    const { requireTls = true } = source.opened
    if (requireTls && !request.usesTls) return this.#refuse(request, source, withoutTls())
    try {
      const result = await source.opened.signIn(request)
      switch (result.status) {
        case 'signed-in':
          return await this.#admit(request, source, result)
        case 'refused':
          return this.#refuse(request, source, result.error, result.answer)
        case 'answer':
          return { by: 'refusal', challenge: { status: 'challenge', ...uncached(result.answer) } }
      }
    } catch (error) {
      if (!S4uError.is(error)) throw error
      const refusal = this.#refuse(request, source, error)
      // A fault of this service is the app's to handle.
      if (error.status === 500) throw error
      return refusal
    }
  }

  /** Ends the session of a request, and says where to go. */
  async signOut(request: SignInRequest): Promise<Found> {
    const { sessions, sources, events } = this.#deps
    const { headers: removal, session } = await sessions.signOut(request.request)
    const { statusCode, headers, body } = sources.signedOut(request, session)
    events.sessionEnded()
    const ended = { ...NOT_CACHED, ...withCookies(headers, removal) }
    return { by: 'refusal', challenge: { status: 'challenge', statusCode, headers: ended, body } }
  }

  async #admit(request: SignInRequest, { name }: NamedSource, result: SignedIn): Promise<Found> {
    const identity = this.#deps.callerOf(result.identity)
    const begun = await this.#beginSession(request, identity, result)
    const session = this.#deps.sessions.of(request.request)
    const headers = { ...NOT_CACHED, ...withCookies(result.headers ?? {}, begun) }
    const about = { ...this.#deps.about(request.request), ...this.#ntlmOf(request, name) }
    this.#deps.events.authenticated({ ...about, identity, by: 'sign-in', source: name })
    if (result.location === undefined)
      return { by: 'sign-in', source: name, identity, headers, ...(session && { session }) }
    const Location = localTarget(result.location) ?? '/'
    return {
      by: 'refusal',
      challenge: { status: 'challenge', statusCode: 303, headers: { ...headers, Location }, body: '' },
    }
  }

  /**
   * A new session begins at each sign-in: what the browser had before may be known to others. Where
   * each request brings the same credentials, the session of the same user goes on.
   */
  async #beginSession(
    { request }: SignInRequest,
    identity: CallerIdentity,
    { session = {}, location }: SignedIn,
  ): Promise<ResponseHeaders> {
    const { sessions, events } = this.#deps
    if (session === false) return {}
    const before = await this.#sessionOn(request)
    if (location === undefined && before !== undefined && goesOn(before, identity)) return {}
    const begun = sessions.begin(request, identity, session)
    if (begun !== undefined) events.sessionBegun(identity, begun.by, begun.headers)
    const headers = begun?.headers ?? {}
    // The browser would come back unknown, and be asked again for ever.
    if (location !== undefined && headers['Set-Cookie'] === undefined) throw notBegun(identity)
    if (before !== undefined) await sessions.forget(before)
    return headers
  }

  /** Returns the session that the browser had before. */
  async #sessionOn(request: NegotiableRequest): Promise<Session | undefined> {
    if (!this.#deps.sessions.isShown(request)) return undefined
    const found = await this.#deps.sessions.find(request)
    return found.status === 'found' ? found.session : undefined
  }

  #ntlmOf({ request }: SignInRequest, source: string): { readonly ntlm?: NtlmUse } {
    return source === 'ntlm' ? { ntlm: ntlmUseOf(request, this.#deps.ntlmService()) } : {}
  }

  #refuse(request: SignInRequest, { name }: NamedSource, error: S4uError, answer?: SignInAnswer): Found {
    const { events, challenges, sources, sessions, about } = this.#deps
    sessions.unbind(request.request)
    const statusCode = answer?.statusCode ?? error.status
    const triedUser = triedUserOf(error)
    events.refusedUnseen({
      ...about(request.request),
      ...this.#ntlmOf(request, name),
      ...{ code: error.code, error, statusCode, source: name },
      ...(triedUser !== undefined && { triedUser }),
    })
    const made = answer ?? challenges.refusedBySource(request.request, error, sources.offers(request.request))
    const headers = { ...waiting(error), ...uncached(made).headers }
    return { by: 'refusal', challenge: { status: 'challenge', ...made, headers, error } }
  }
}

/** Joins headers of a source and of the session: each may set cookies. */
function withCookies(own: ResponseHeaders, session: ResponseHeaders): ResponseHeaders {
  const cookies = [own, session].flatMap(({ 'Set-Cookie': lines = [] }) => lines)
  return { ...own, ...session, ...(cookies.length > 0 && { 'Set-Cookie': cookies }) }
}

function goesOn(before: Session, { principal, authenticationMethod }: CallerIdentity): boolean {
  return before.principal === principal && before.authenticationMethod === authenticationMethod
}

/** Seconds, RFC 9110 section 10.2.3. */
function waiting(error: S4uError): ResponseHeaders {
  if (error instanceof TooManyAttemptsError) return { 'Retry-After': String(Math.ceil(error.retryAfter / 1000)) }
  return error.status === 503 ? { 'Retry-After': '5' } : {}
}

/** What a source answers is about one user. */
function uncached(answer: SignInAnswer): SignInAnswer {
  return { ...answer, headers: { ...NOT_CACHED, ...answer.headers } }
}

function withoutTls(): RejectedTokenError {
  return new RejectedTokenError('credentials came without TLS', {
    code: 'S4U_TLS_REQUIRED',
    status: 403,
    hint:
      'Serve HTTPS. Where TLS ends at a proxy, name that in trustedProxies, and let it send X-Forwarded-Proto: https. ' +
      'With requireTls: false of the source, everybody on the way can read them.',
  })
}

function notBegun({ principal }: CallerIdentity): RejectedTokenError {
  return new RejectedTokenError(`${principal} has signed in, but no session could be begun`, {
    code: 'S4U_SESSION_NOT_BEGUN',
    status: 403,
    hint:
      "The negotiator has no session that a cookie keeps (session: 'cookie'), or the user's ticket is too big for one: " +
      'create the server with { maxHeaderSize: 65536 }, or take the user out of groups.',
  })
}
