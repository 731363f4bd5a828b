import type { Acceptor, Identity } from '@s4u/acceptor'
import { RejectedTokenError, S4uError } from '@s4u/kdc-client'
import type { CallerIdentity } from '../delegation/caller-identity.js'
import { NEVER_CACHED, NOT_CACHED, varyingWith } from '../http/caching.js'
import type { NegotiableRequest } from '../http/request.js'
import type { ResponseHeaders } from '../http/response.js'
import { ConnectionSession } from './connection-session.js'
import { type BegunSession, CookieSession, type SessionLimits } from './cookie-session.js'
import { endedSessions, type EndedSessionStore, revokedOrEnded } from './ended-sessions.js'
import { checkRevocation, checkSession, type SessionOption } from './session-options.js'
import { SeenSessions } from './seen-sessions.js'
import { type IsRevoked, requireUnrevoked, type Session, UNKNOWN } from './session-revocation.js'

/** How a caller without a token is known: by a cookie, or by the connection. */
export type SessionKind = 'session' | 'connection'

/** What a request shows of a session. */
export type FoundCaller =
  | { readonly status: 'none' }
  | {
      readonly status: 'found'
      readonly by: SessionKind
      readonly identity: CallerIdentity
      readonly headers: ResponseHeaders
      readonly session?: Session
    }
  | { readonly status: 'refused'; readonly error: S4uError; readonly headers: ResponseHeaders }

/** A session that begins with an answer, and how its caller is known from then on. */
interface Begun extends BegunSession {
  readonly by: SessionKind
}

export interface SessionsDeps {
  readonly acceptor: Acceptor
  /** The rules by which callers were let in: see `session-rules.ts`. */
  readonly rules: () => string
  readonly now: () => number
  /** The same, where the app has given one. */
  readonly ownClock?: (() => number) | undefined
  readonly random: (length: number) => Uint8Array
  /** Makes an identity that can be impersonated. */
  readonly callerOf: (identity: Identity) => CallerIdentity
}

/**
 * The sessions of one negotiator, of the kind that its option names. Without the option it finds
 * and begins none.
 */
export class Sessions {
  /** Headers for a caller who shows nothing: with a session, the answer would be another one. */
  readonly headersOfUnknown: ResponseHeaders
  readonly #callerOf: (identity: Identity) => CallerIdentity
  readonly #cookies: CookieSession | undefined
  readonly #connections: ConnectionSession | undefined
  readonly #isRevoked: IsRevoked
  readonly #now: () => number
  readonly #ended: EndedSessionStore
  readonly #seen: SeenSessions
  /** After how long without a request a session ends, milliseconds; undefined: never. */
  readonly #maxIdle: number | undefined
  readonly #ofRequests = new WeakMap<NegotiableRequest, Session>()

  /** @throws ConfigurationError */
  constructor(option: SessionOption | undefined, { callerOf, ownClock, ...deps }: SessionsDeps) {
    const kind = checkSession(option)
    this.#callerOf = callerOf
    this.#now = deps.now
    this.#seen = SeenSessions.by(deps.now)
    this.#maxIdle = typeof kind === 'object' ? kind.maxIdle : undefined
    this.#connections = kind === 'connection' ? new ConnectionSession(deps.now) : undefined
    const given = typeof option === 'object' && option.kind === 'cookie' ? option.ended : undefined
    this.#ended = endedSessions(given, ownClock)
    this.#isRevoked = revokedOrEnded(this.#ended, checkRevocation(option))
    const isRevoked = this.#isRevoked
    this.#cookies = typeof kind === 'object' ? new CookieSession({ ...kind, isRevoked }, deps) : undefined
    this.headersOfUnknown = varyingWith(kind === undefined ? {} : this.#cookies ? NOT_CACHED : NEVER_CACHED)
  }

  /** Whether a request shows a session, whole or not. */
  isShown(request: NegotiableRequest): boolean {
    return this.#connections?.find(request) !== undefined || (this.#cookies?.isShown(request) ?? false)
  }

  /** Finds the session of a request; a connection goes before a cookie. */
  async find(request: NegotiableRequest): Promise<FoundCaller> {
    const bound = this.#connections?.find(request)
    if (bound !== undefined) return this.#findBound(request, bound)
    const found = await this.#cookies?.find(request)
    if (found?.status !== 'found') return found ?? { status: 'none' }
    const { session } = found
    this.#ofRequests.set(request, session)
    if (this.#maxIdle !== undefined) this.#seen.note(session.id, this.#now())
    const identity = this.#callerOf(found.identity)
    return { status: 'found', by: 'session', identity, headers: { ...NOT_CACHED, ...found.headers }, session }
  }

  /** Returns the session that `find` has found on a request, or that its answer begins. */
  of(request: NegotiableRequest): Session | undefined {
    return this.#ofRequests.get(request)
  }

  /**
   * Begins the session of a caller who has authenticated; undefined where the negotiator has none.
   */
  begin(request: NegotiableRequest, identity: CallerIdentity, limits: SessionLimits = {}): Begun | undefined {
    const bound = this.#connections?.begin(request, identity)
    const begun: Begun | undefined =
      bound === undefined ? this.beginCookie(identity, request, limits) : { by: 'connection', ...bound }
    if (begun?.session === undefined) this.#ofRequests.delete(request)
    else this.#ofRequests.set(request, begun.session)
    return begun
  }

  /** Begins a session with a cookie only, which needs no request. */
  beginCookie(identity: CallerIdentity, request?: NegotiableRequest, limits: SessionLimits = {}): Begun | undefined {
    const begun = this.#cookies?.begin(identity, request, limits)
    return begun && { by: 'session', ...begun }
  }

  /**
   * Ends the sessions of a request, and waits until that is noted: the one that it shows, and the
   * one that its answer begins. Resolves to the headers that remove the cookie, and to the session.
   * @throws RejectedTokenError S4U_SESSION_REVOCATION_UNKNOWN where the store fails
   */
  async signOut(request: NegotiableRequest): Promise<BegunSession> {
    const known = this.of(request)
    const found = await this.find(request)
    // Whose session it is cannot be told, so that it cannot be ended: its cookie may be good again.
    if (found.status === 'refused' && found.error.code === UNKNOWN && this.#cookies) throw notNoted(found.error)
    const shown = found.status === 'found' ? found.session : undefined
    const session = shown ?? known
    if (session !== undefined) await this.forget(session)
    if (known !== undefined && known.id !== session?.id) await this.forget(known)
    return { headers: this.end(request), ...(session && { session }) }
  }

  /** Ends the session of a request: returns the headers that remove its cookie. */
  end(request: NegotiableRequest): ResponseHeaders {
    this.unbind(request)
    return this.#cookies?.end(request) ?? {}
  }

  /**
   * Notes that a session has ended, so that a copy of its cookie is refused.
   * @throws RejectedTokenError S4U_SESSION_REVOCATION_UNKNOWN where the store fails
   */
  async forget(session: Session): Promise<void> {
    const { id, kind, expiresAt } = session
    if (kind !== 'cookie') return
    try {
      await this.#ended.end(id, expiresAt, session)
    } catch (cause) {
      throw notNoted(cause)
    }
  }

  /** Whether a session has not ended, in whatever way. */
  async goesOn(session: Session): Promise<boolean> {
    if (session.expiresAt <= this.#now() || this.#isIdle(session)) return false
    try {
      await requireUnrevoked(this.#isRevoked, session)
      return true
    } catch (error) {
      if (!S4uError.is(error)) throw error
      return false
    }
  }

  /**
   * Whether there was no request for too long. One that another instance has seen does not count
   * here: nothing tells this one of it.
   */
  #isIdle({ kind, id, startedAt }: Session): boolean {
    if (this.#maxIdle === undefined || kind !== 'cookie') return false
    return (this.#seen.at(id) ?? startedAt) + this.#maxIdle <= this.#now()
  }

  /** Ends the binding of a request's connection. */
  unbind(request: NegotiableRequest): void {
    this.#connections?.end(request)
  }

  async #findBound(request: NegotiableRequest, identity: CallerIdentity): Promise<FoundCaller> {
    const session = this.#connections?.sessionOf(identity)
    try {
      if (session !== undefined) await requireUnrevoked(this.#isRevoked, session)
    } catch (error) {
      if (!S4uError.is(error)) throw error
      this.unbind(request)
      return { status: 'refused', error, headers: {} }
    }
    if (session !== undefined) this.#ofRequests.set(request, session)
    return { status: 'found', by: 'connection', identity, headers: NEVER_CACHED, ...(session && { session }) }
  }
}

function notNoted(cause: unknown): RejectedTokenError {
  return new RejectedTokenError('that a session has ended could not be noted', {
    code: UNKNOWN,
    status: 503,
    hint: 'The store of ended sessions failed, see the cause: a copy of the cookie is good until it expires.',
    cause,
  })
}
