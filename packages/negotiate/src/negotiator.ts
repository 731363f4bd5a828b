/** What a negotiator does for an app. */

import type { Fetch } from '@s4u/fetch'
import type { S4uSubject } from '@s4u/kdc-client'
import type { CallerIdentity } from './delegation/caller-identity.js'
import type { NegotiatorCounters } from './authenticate/negotiator-events.js'
import type { ImpersonationOption } from './routes/impersonation-option.js'
import type { Mode } from './authenticate/mode.js'
import type { Outcome } from './authenticate/outcome.js'
import type { Gate } from './routes/gate.js'
import type { ResponseHeaders } from './http/response.js'
import type { NegotiableRequest } from './http/request.js'
import type { SecretSubject } from './sign-in/secret-subject.js'
import type { IdentityForOptions } from './sign-in/identity-for-options.js'
import type { Session } from './session/session-revocation.js'
import type { UpgradeOutcome } from './authenticate/upgrade.js'

export interface AuthenticateOptions {
  /** For this request alone. Default: that of the negotiator. */
  readonly mode?: Mode
}

export interface Negotiator extends Disposable {
  /**
   * Who sent this request? Called again for the same request it answers the same, without a second
   * look at the token; `mode` may differ: what was optional for the app can be required by a route.
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
   *       const { identity } = outcome
   *       sockets.handleUpgrade(request, socket, head, (ws) => {
   *         sockets.emit('connection', ws, identity)
   *       })
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
   * With `{ level: 'identification' }` the user is known and not acted for: no permission is
   * needed.
   * @throws ConfigurationError KDC_ERR_POLICY (delegation.protocolTransition), KdcError,
   * KdcUnreachableError; RejectedTokenError, MissingKeyError for a reply that is not to be believed
   *
   * With `{ user, password }` the KDC authenticates the user, and no transition is needed; every
   * wrong password counts there. A `newPassword` beside it takes its place where it has expired.
   * @throws KdcError KDC_ERR_PREAUTH_FAILED, KDC_ERR_C_PRINCIPAL_UNKNOWN and others;
   * RejectedTokenError when it was not the KDC that answered; PasswordChangeRefusedError when the
   * new password does not please the directory
   *
   * With `{ user, otp }` it is the one-time password that a token shows (RFC 6560), with `{ user,
   * password, otp }` that and what the KDC wants beside it, a PIN or the password. They go to the
   * KDC in armor alone.
   * @throws KdcError KDC_ERR_PADATA_TYPE_NOSUPP where the KDC does not ask for it: nothing is shown
   * then
   */
  identityFor(user: S4uSubject | SecretSubject, options?: IdentityForOptions): Promise<CallerIdentity>
  /**
   * The headers that begin a cookie session for a user whom the app has authenticated itself. Empty
   * without such sessions.
   */
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
  /**
   * What a route says about impersonation. @throws ConfigurationError at once for `notAllowed`
   * where it is done always
   */
  impersonation(option: ImpersonationOption): Gate
  /**
   * `fetch` in the name of the service itself, whoever calls: for what is no caller's business,
   * such as a background job.
   * @throws KdcError, KdcUnreachableError, RejectedTokenError, as the fetch of an impersonation
   * does
   */
  readonly fetch: Fetch
  readonly counters: NegotiatorCounters
  /**
   * Resolves when the keys are there, checked as at the start where a provider gives them. @throws
   * ConfigurationError, MissingKeyError
   */
  ready(): Promise<void>
}
