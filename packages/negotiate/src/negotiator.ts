import {
  type Acceptor,
  ACCEPTOR_OPTIONS,
  type AcceptorOptions,
  type AuthenticationMethod,
  createAcceptor,
} from '@s4u/acceptor'
import { FETCH_RULES } from '@s4u/fetch'
import {
  closeOptions,
  journalFor,
  NO_OPTIONS,
  type OptionTableOf,
  pickOptions,
  requireKnownOptions,
  type S4uError,
  type S4uSubject,
} from '@s4u/kdc-client'
import { CallerFinder, type CallerFinderDeps } from './caller-finder.js'
import { CallerIdentity } from './caller-identity.js'
import { Challenges } from './challenges.js'
import { isPreflight } from './cross-site.js'
import { Delegator } from './delegator.js'
import { type ChallengeEvent, type NegotiatorCounters, NegotiatorEvents } from './events.js'
import type { Found } from './found-caller.js'
import { declareNegotiator, type ImpersonationOption, impersonationGateOf, runnerFor } from './impersonation-option.js'
import { type Negotiated, recordNegotiated } from './negotiated-requests.js'
import type { FetchOptions } from './impersonation.js'
import {
  checkNegotiatorOptions,
  type Mode,
  NEGOTIATOR_OPTIONS,
  type NegotiatorOptions,
  requireMode,
} from './negotiator-options.js'
import {
  type Challenge,
  type Gate,
  headerOf,
  type NegotiableRequest,
  type Outcome,
  type ResponseHeaders,
  runPlainly,
} from './outcome.js'
import { isSecretSubject, type SecretSubject, signInWithPassword } from './password-sign-in.js'
import { IDENTITY_FOR_OPTIONS, identityByTransition, type IdentityForOptions } from './protocol-transition.js'
import { type OwnTicketSource, ServiceClient, withOwnTicket } from './service-client.js'
import type { Session } from './session-revocation.js'
import { answerUpgrade, type UpgradeOutcome } from './upgrade.js'

export interface AuthenticateOptions {
  /** For this request alone. Default: that of the negotiator. */
  readonly mode?: Mode
}

const AUTHENTICATE_OPTIONS = { mode: 'value' } as const satisfies OptionTableOf<AuthenticateOptions>

export interface Negotiator extends Disposable {
  /**
   * Who sent this request? Called again for the same request it answers the same, without a second look at the token; `mode` may
   * differ: what was optional for the app can be required by a route.
   */
  authenticate(request: NegotiableRequest, options?: AuthenticateOptions): Promise<Outcome>
  /**
   * Who asks for another protocol, a WebSocket: for `server.on('upgrade')`, which goes past Express
   * and Koa, so that nothing else asks. Pages of other sites are refused whatever `mode` and
   * `crossSite` say, but those of the origins that `crossSite` lists. A refusal has been written to
   * the socket when the outcome says `challenge`; on the way to the next one the connection stays,
   * if it can.
   *
   *     server.on('upgrade', async (request, socket, head) => {
   *       const outcome = await negotiator.authenticateUpgrade(request)
   *       if (outcome.status !== 'authenticated') return
   *       sockets.handleUpgrade(request, socket, head, (ws) => sockets.emit('connection', ws, request, outcome.identity))
   *     })
   *
   * The headers that belong to the 101 are those of `upgradeHeaders(request)`.
   */
  authenticateUpgrade(request: NegotiableRequest, options?: AuthenticateOptions): Promise<UpgradeOutcome>
  /**
   * The identity of a user whom the app has authenticated itself (protocol transition, S4U2Self):
   * `bob`, `bob@AD.TEST`, `AD\\bob`, a user principal name, or `{ certificate }`, DER, which the
   * app has verified. The directory's answer is at most five minutes old (`maxAge`), or is asked
   * for now (`fresh`): one who was disabled does not come in any more, and groups are those of now.
   * @throws ConfigurationError KDC_ERR_POLICY (delegation.protocolTransition), KdcError,
   * KdcUnreachableError; RejectedTokenError, MissingKeyError for a reply that is not to be believed
   *
   * With `{ user, password }` the KDC authenticates the user, and no transition is needed; every
   * wrong password counts there.
   * @throws KdcError KDC_ERR_PREAUTH_FAILED, KDC_ERR_C_PRINCIPAL_UNKNOWN and others;
   * RejectedTokenError when it was not the KDC that answered
   *
   * With `{ user, otp }` it is the one-time password that a token shows (RFC 6560), with `{ user, password, otp }` that and what the KDC
   * wants beside it, a PIN or the password. They go to the KDC in armor alone.
   * @throws KdcError KDC_ERR_PADATA_TYPE_NOSUPP where the KDC does not ask for it: nothing is shown then
   */
  identityFor(user: S4uSubject | SecretSubject, options?: IdentityForOptions): Promise<CallerIdentity>
  /** The headers that begin a cookie session for a user whom the app has authenticated itself. Empty without such sessions. */
  startSession(identity: CallerIdentity): ResponseHeaders
  /**
   * Ends the session of a request: the headers that take its cookie away. A copy of it lives until
   * its time is over, or `session.isRevoked` says so.
   */
  endSession(request: NegotiableRequest): ResponseHeaders
  /**
   * The session that `authenticate` found a request to show: what a sign-out has to note, for
   * `session.isRevoked`.
   */
  sessionOf(request: NegotiableRequest): Session | undefined
  /** What a route says about impersonation. @throws ConfigurationError at once for `notAllowed` where it is done always */
  impersonation(option: ImpersonationOption): Gate
  readonly counters: NegotiatorCounters
  /** Resolves when the keys are there, checked as at the start where a provider gives them. @throws ConfigurationError, MissingKeyError */
  ready(): Promise<void>
}

/** Checks its options at once; what goes with a keytab that a function gives, in `ready`. @throws ConfigurationError, MissingKeyError */
export function createNegotiator(given?: NegotiatorOptions): Negotiator {
  const options = closeOptions('negotiate', given, NEGOTIATOR_OPTIONS)
  checkNegotiatorOptions(options)
  const forwardedTickets = options.delegation?.forwardedTickets ?? 'ignore'
  const source: OwnTicketSource = { get: undefined }
  const ofAcceptor = pickOptions<AcceptorOptions>(withOwnTicket(options, source), ACCEPTOR_OPTIONS)
  const acceptor = createAcceptor({ ...ofAcceptor, forwardedTickets })
  const negotiator = new HttpNegotiator(options, acceptor, source)
  declareNegotiator(negotiator.impersonatesAlways)
  return negotiator
}

class HttpNegotiator implements Negotiator, Negotiated {
  readonly impersonatesAlways: boolean
  readonly #parts: CallerFinderDeps & { readonly client: ServiceClient }
  readonly #finder: CallerFinder
  readonly #found = new WeakMap<NegotiableRequest, Promise<Found>>()

  constructor(options: NegotiatorOptions, acceptor: Acceptor, source: OwnTicketSource) {
    const { now = Date.now, logger } = options
    this.impersonatesAlways = options.impersonateCallerForAllOperations ?? false
    const client = new ServiceClient(acceptor, options)
    source.get = (signal) => client.ownTicket(signal)
    const ofFetch = closeOptions<FetchOptions>('fetch', { now, logger, ...options.fetch }, FETCH_RULES)
    const delegator = new Delegator(() => client.get(), options.delegation ?? NO_OPTIONS, ofFetch, journalFor(logger))
    const events = new NegotiatorEvents(options)
    const challenges = new Challenges(options)
    this.#parts = { options, acceptor, client, delegator, events, challenges }
    this.#finder = new CallerFinder(this.#parts)
  }

  get counters(): NegotiatorCounters {
    return this.#parts.events.counters
  }

  async authenticate(request: NegotiableRequest, given?: AuthenticateOptions): Promise<Outcome> {
    const mode = this.#modeOf('authenticate', given)
    recordNegotiated(request, this)
    if (mode === 'off' || (this.#parts.options.corsPreflight && isPreflight(request))) return ANONYMOUS
    let found = this.#found.get(request)
    if (found === undefined) this.#found.set(request, (found = this.#finder.find(request)))
    return this.#outcomeOf(await found, request, mode)
  }

  authenticateUpgrade(request: NegotiableRequest, given?: AuthenticateOptions): Promise<UpgradeOutcome> {
    return answerUpgrade(request, async () => {
      const mode = this.#modeOf('authenticateUpgrade', given)
      if (mode === 'off') return this.#finder.refusalOfSite(request) ?? ANONYMOUS
      return this.authenticate(request, { mode })
    })
  }

  async identityFor(user: S4uSubject | SecretSubject, given?: IdentityForOptions): Promise<CallerIdentity> {
    const options = closeOptions('identityFor', given, IDENTITY_FOR_OPTIONS)
    const { options: settings, client, acceptor, delegator } = this.#parts
    if (isSecretSubject(user)) return this.#signIn(user, options.method, options.signal)
    const { delegation = NO_OPTIONS, logger } = settings
    const deps = { acceptor, client, delegation, journal: journalFor(logger) }
    return new CallerIdentity(await identityByTransition(user, options, deps), delegator)
  }

  startSession(identity: CallerIdentity): ResponseHeaders {
    return this.#finder.startSession(identity)
  }

  endSession(request: NegotiableRequest): ResponseHeaders {
    return this.#finder.endSession(request)
  }

  sessionOf(request: NegotiableRequest): Session | undefined {
    return this.#finder.sessionOf(request)
  }

  impersonation(option: ImpersonationOption): Gate {
    return impersonationGateOf(option, this.impersonatesAlways)
  }

  /** For the routes behind it that want to know who calls. */
  challenge(request: NegotiableRequest): Challenge {
    const reason = headerOf(request, 'authorization') === undefined ? 'no-token' : 'other-scheme'
    return this.#challengeUnless(request, reason)
  }

  /** To authenticate would not help a page of another site. */
  #challengeUnless(request: NegotiableRequest, reason: ChallengeEvent['reason']): Challenge {
    const foreign = this.#finder.refusalOfSite(request)
    if (foreign !== undefined) return foreign
    this.#parts.events.challenged({ ...this.#finder.about(request), reason })
    return this.#parts.challenges.first(request)
  }

  noteForbidden(request: NegotiableRequest, identity: CallerIdentity, error: S4uError): void {
    const { code } = error
    this.#parts.events.refusedUnseen({ ...this.#finder.about(request), code, error, statusCode: 403, identity })
  }

  async ready(): Promise<void> {
    await this.#parts.client.ready()
  }

  [Symbol.dispose](): void {
    this.#finder.clear()
    this.#parts.client.close()
    this.#parts.acceptor[Symbol.dispose]()
  }

  async #signIn(
    user: SecretSubject,
    method: AuthenticationMethod = 'otp' in user ? 'otp' : 'basic',
    signal: AbortSignal | undefined,
  ): Promise<CallerIdentity> {
    const { acceptor, client, delegator, options } = this.#parts
    const { now = Date.now, delegation } = options
    const keepsTgt = delegation?.forwardedTickets === 'use'
    const identity = await signInWithPassword(acceptor, await client.ofUser(user), { method, now, signal, keepsTgt })
    return new CallerIdentity(identity, delegator)
  }

  /** A word that is none must not be taken for one: it may have been meant to be laxer, or stricter. */
  #modeOf(owner: string, given: AuthenticateOptions | undefined): Mode {
    const { mode = this.#parts.options.mode ?? 'required' } = requireKnownOptions(owner, given, AUTHENTICATE_OPTIONS)
    requireMode(mode)
    return mode
  }

  #outcomeOf(found: Found, request: NegotiableRequest, mode: Mode): Outcome {
    if (found.by === 'refusal') return found.challenge
    if (found.by !== 'nothing') {
      const run = runnerFor(found.identity, this.impersonatesAlways)
      return { status: 'authenticated', ...found, run }
    }
    if (mode === 'optional') {
      this.#parts.events.passed(this.#finder.about(request))
      return { ...ANONYMOUS, headers: found.headers }
    }
    const challenge = this.#challengeUnless(request, found.reason)
    return { ...challenge, headers: { ...challenge.headers, ...found.headers } }
  }
}

const ANONYMOUS = { status: 'anonymous', headers: {}, run: runPlainly } as const
