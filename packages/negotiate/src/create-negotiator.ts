import { type Acceptor, ACCEPTOR_OPTIONS, type AcceptorOptions, createAcceptor } from '@s4u/acceptor'
import { type Fetch, loadUndici, type ServiceRequests } from '@s4u/fetch'
import {
  type OptionTableOf,
  pickOptions,
  requireGiven,
  requireKnownOptions,
  type S4uError,
  type S4uSubject,
} from '@s4u/kdc-client'
import { CallerFinder } from './authenticate/caller-finder.js'
import type { Found } from './authenticate/found-caller.js'
import { type Mode, requireMode } from './authenticate/mode.js'
import type { NegotiatorCounters } from './authenticate/negotiator-counters.js'
import type { ChallengeEvent } from './authenticate/negotiator-events.js'
import { type Anonymous, type Outcome, type Runner, runPlainly } from './authenticate/outcome.js'
import { answerUpgrade, type UpgradeOutcome } from './authenticate/upgrade.js'
import { CallerIdentity } from './delegation/caller-identity.js'
import type { GroupNames } from './directory/group-names.js'
import type { ServiceAccounts } from './directory/service-accounts.js'
import { isPreflight, headerOf, type NegotiableRequest } from './http/request.js'
import { isWebRequest, requireNodeRequest } from './http/request-kind.js'
import type { Challenge, ResponseHeaders } from './http/response.js'
import { type OwnTicketSource, withOwnTicket } from './kdc/service-client.js'
import { checkedOptions, type CheckedOptions, type NegotiatorOptions } from './negotiator-options.js'
import { type NegotiatorParts, negotiatorParts } from './negotiator-parts.js'
import type { AuthenticateOptions, Negotiator } from './negotiator.js'
import type { Gate } from './routes/gate.js'
import {
  declareNegotiator,
  type ImpersonationOption,
  impersonationGateOf,
  refuseUnmapped,
  runnerFor,
} from './routes/impersonation-option.js'
import { type RequestNegotiator, recordNegotiator } from './routes/negotiator-of-request.js'
import { sessionRulesOf } from './session-rules.js'
import { requireSession, type Session } from './session/session-revocation.js'
import { findIdentityFor } from './sign-in/identity-for.js'
import type { IdentityForOptions } from './sign-in/identity-for-options.js'
import type { SecretSubject } from './sign-in/secret-subject.js'
import { asNegotiable, authenticateWebRequest, type WebAuthenticateOptions } from './web/authenticate-request.js'
import { checkProtect } from './web/runtime-limits.js'
import { protectedBy, type ProtectedHandler, type ProtectOptions } from './web/protect.js'
import type { WebOutcome } from './web/web-outcome.js'

const AUTHENTICATE_OPTIONS = {
  mode: 'value',
  url: 'value',
  body: 'value',
} as const satisfies OptionTableOf<AuthenticateOptions>

/**
 * Creates a negotiator. It checks its options at once; what depends on a keytab that a function
 * gives is checked by `ready`.
 *
 * ```ts
 * import { createServer } from 'node:http'
 * import { createNegotiator, respond, writeHeaders } from '@s4u/negotiate'
 *
 * const negotiator = createNegotiator({ keytab: 'web.keytab' })
 * createServer({ maxHeaderSize: 65_536 }, async (request, response) => {
 *   const outcome = await negotiator.authenticate(request)
 *   if (outcome.status === 'challenge') return respond(response, outcome)
 *   writeHeaders(response, outcome.headers)
 *   response.end(`Hello ${outcome.identity?.principal ?? 'stranger'}`)
 * }).listen(8080)
 * ```
 *
 * @throws ConfigurationError, MissingKeyError
 */
export function createNegotiator(given?: NegotiatorOptions): Negotiator {
  const options = checkedOptions(given)
  const forwardedTickets = options.delegation?.forwardedTickets ?? 'ignore'
  const source: OwnTicketSource = { get: undefined }
  const ofAcceptor = pickOptions<AcceptorOptions>(withOwnTicket(options, source), ACCEPTOR_OPTIONS)
  const acceptor = createAcceptor({ ...ofAcceptor, forwardedTickets })
  const negotiator = new HttpNegotiator(options, acceptor, source)
  declareNegotiator(negotiator.impersonatesAlways)
  return negotiator
}

class HttpNegotiator implements Negotiator, RequestNegotiator {
  readonly impersonatesAlways: boolean
  readonly service: ServiceRequests | undefined
  readonly fetch: Fetch
  readonly groups: GroupNames | undefined
  readonly services: ServiceAccounts | undefined
  readonly protect: Negotiator['protect'] = <Rest extends readonly unknown[]>(
    handler: ProtectedHandler<Rest, never>,
    options?: ProtectOptions<Rest>,
  ) => {
    checkProtect(this.#parts.options)
    return protectedBy(this, handler, options)
  }
  readonly #parts: NegotiatorParts
  readonly #finder: CallerFinder
  readonly #runners = new WeakMap<CallerIdentity, Runner>()
  readonly #found = new WeakMap<NegotiableRequest, Promise<Found>>()

  constructor(options: CheckedOptions, acceptor: Acceptor, source: OwnTicketSource) {
    this.impersonatesAlways = options.impersonateCallerForAllOperations ?? false
    const parts = negotiatorParts(options, acceptor, source, (user, settings) => this.identityFor(user, settings))
    const { requests, groups, services } = parts
    this.fetch = requests.fetch
    this.service = options.outsideImpersonation === 'service' ? requests : undefined
    this.groups = groups
    this.services = services
    this.#parts = parts
    this.#finder = new CallerFinder({ ...parts, sessionRules: sessionRulesOf(options, acceptor) })
  }

  get counters(): NegotiatorCounters {
    return this.#parts.events.counters
  }

  async authenticate(request: NegotiableRequest, given?: AuthenticateOptions): Promise<Outcome> {
    const mode = this.#modeOf('authenticate', given)
    requireNodeRequest('authenticate', request, 'negotiator.authenticateRequest(request, { clientAddress })')
    requireGiven('authenticate: the request', request, ['headers'], 'Give that of node:http, Express or Koa (ctx.req).')
    recordNegotiator(request, this)
    this.#parts.sources.receive(request, given ?? {})
    if (mode === 'off') return ANONYMOUS
    if (this.#parts.options.corsPreflight && isPreflight(request)) return this.#anonymous({})
    let found = this.#found.get(request)
    if (found === undefined) this.#found.set(request, (found = this.#finder.find(request)))
    return this.#outcomeOf(await found, request, mode)
  }

  authenticateRequest(request: Request, given?: WebAuthenticateOptions): Promise<WebOutcome> {
    return authenticateWebRequest(this, request, given)
  }

  refusalOfSite(request: NegotiableRequest): Challenge | undefined {
    return this.#finder.refusalOfSite(request)
  }

  authenticateUpgrade(request: Request, given?: WebAuthenticateOptions): Promise<WebOutcome>
  authenticateUpgrade(request: NegotiableRequest, given?: AuthenticateOptions): Promise<UpgradeOutcome>
  async authenticateUpgrade(
    request: NegotiableRequest | Request,
    given?: AuthenticateOptions & WebAuthenticateOptions,
  ): Promise<UpgradeOutcome | WebOutcome> {
    if (isWebRequest(request)) return this.authenticateRequest(request, given)
    requireNodeRequest('authenticateUpgrade', request, 'negotiator.authenticateUpgrade(request) with the whole Request')
    return answerUpgrade(request, async () => {
      const mode = this.#modeOf('authenticateUpgrade', given)
      if (mode === 'off') return this.#finder.refusalOfSite(request) ?? ANONYMOUS
      return this.authenticate(request, { mode })
    })
  }

  async identityFor(user: S4uSubject | SecretSubject, options?: IdentityForOptions): Promise<CallerIdentity> {
    const { delegator, profiles } = this.#parts
    return new CallerIdentity(await findIdentityFor(user, options, this.#parts), delegator, profiles)
  }

  startSession(identity: CallerIdentity): ResponseHeaders {
    return this.#finder.startSession(identity)
  }

  endSession(request: NegotiableRequest | Request): ResponseHeaders {
    return this.#finder.endSession(asNegotiable(request))
  }

  signOut(request: NegotiableRequest | Request): Promise<ResponseHeaders> {
    return this.#finder.signOut(asNegotiable(request))
  }

  sessionOf(request: NegotiableRequest | Request): Session | undefined {
    return this.#finder.sessionOf(asNegotiable(request))
  }

  async sessionGoesOn(session: Session): Promise<boolean> {
    requireSession(session)
    return this.#finder.sessionGoesOn(session)
  }

  impersonation(option: ImpersonationOption): Gate {
    return impersonationGateOf(option, this.impersonatesAlways)
  }

  /** Returns the challenge for a route that needs a known caller behind `mode: 'optional'`. */
  challenge(request: NegotiableRequest): Challenge {
    const reason = headerOf(request, 'authorization') === undefined ? 'no-token' : 'other-scheme'
    return this.#challengeUnless(request, reason)
  }

  /** For a page of another site this is a 403: to authenticate would not help it. */
  #challengeUnless(request: NegotiableRequest, reason: ChallengeEvent['reason']): Challenge {
    const foreign = this.#finder.refusalOfSite(request)
    if (foreign !== undefined) return foreign
    this.#parts.events.challenged({ ...this.#finder.about(request), reason })
    return this.#parts.challenges.first(request, this.#parts.sources.offers(request))
  }

  noteForbidden(request: NegotiableRequest, identity: CallerIdentity, error: S4uError): void {
    const { code } = error
    this.#parts.events.refusedUnseen({ ...this.#finder.about(request), code, error, statusCode: 403, identity })
  }

  async ready(): Promise<void> {
    await this.#parts.client.ready()
    await this.groups?.ready()
    await this.services?.ready()
    await this.#parts.sources.ready()
    if (this.#parts.options.delegation !== undefined) await loadUndici()
  }

  [Symbol.dispose](): void {
    this.#finder.clear()
    this.groups?.close()
    this.services?.close()
    this.#parts.sources.close()
    this.#parts.directory?.close()
    this.#parts.client.close()
    this.#parts.acceptor[Symbol.dispose]()
  }

  /** Refuses a word that is no mode: it may have been meant to be laxer, or stricter. */
  #modeOf(owner: string, given: AuthenticateOptions | undefined): Mode {
    const { mode = this.#parts.options.mode ?? 'required' } = requireKnownOptions(owner, given, AUTHENTICATE_OPTIONS)
    requireMode(mode)
    return mode
  }

  /**
   * Returns the same runner for the same caller, so that a second `authenticate` has the same
   * outcome.
   */
  #runnerOf(identity: CallerIdentity): Runner {
    const known = this.#runners.get(identity)
    if (known !== undefined) return known
    const run = runnerFor(identity, this)
    this.#runners.set(identity, run)
    return run
  }

  #anonymous(headers: ResponseHeaders): Anonymous {
    return { status: 'anonymous', headers, run: runnerFor(undefined, this) }
  }

  #outcomeOf(found: Found, request: NegotiableRequest, mode: Mode): Outcome {
    if (found.by === 'refusal') return found.challenge
    if (found.by !== 'nothing') {
      const unmapped =
        this.impersonatesAlways && refuseUnmapped(request, found.identity, 'each route of this app requires')
      if (unmapped) return { ...unmapped, headers: { ...found.headers, ...unmapped.headers } }
      return { status: 'authenticated', ...found, run: this.#runnerOf(found.identity) }
    }
    if (mode === 'optional') {
      this.#parts.events.passed(this.#finder.about(request))
      return this.#anonymous(found.headers)
    }
    const challenge = this.#challengeUnless(request, found.reason)
    return { ...challenge, headers: { ...challenge.headers, ...found.headers } }
  }
}

/** The outcome for `mode: 'off'`: nothing is looked at, so nothing is changed. */
const ANONYMOUS = { status: 'anonymous', isOff: true, headers: {}, run: runPlainly } as const
