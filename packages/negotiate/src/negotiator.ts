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
   * Returns the identity of a user whom the app has authenticated itself, by name: `bob`,
   * `bob@AD.TEST`, `AD\\bob` or a user principal name (protocol transition, S4U2Self). The
   * directory is asked when its last answer is older than five minutes (`maxAge`), or in any case
   * (`fresh`): a disabled user is refused, and groups are those of that answer.
   *
   * With `{ level: 'identification' }` the service knows the user but cannot act for the user; this
   * needs no permission.
   * @throws ConfigurationError KDC_ERR_POLICY (`delegation.protocolTransition`), KdcError,
   * KdcUnreachableError; RejectedTokenError or MissingKeyError for a reply that cannot be believed
   */
  identityFor(user: string, options?: IdentityForOptions): Promise<CallerIdentity>
  /**
   * Returns the identity of the owner of a client certificate (DER), which the app has verified.
   * The directory says whose certificate it is.
   * @throws as with a name
   */
  identityFor(user: Exclude<S4uSubject, string>, options?: IdentityForOptions): Promise<CallerIdentity>
  /**
   * Returns the identity of a user whose password the KDC has checked, as from a login form. It
   * needs no permission for protocol transition; each wrong password counts at the KDC. A
   * `newPassword` takes the place of a password that has expired.
   *
   * With `otp` in place of the password, or beside it, the KDC checks a one-time password (RFC
   * 6560), which is sent in armor only.
   * @throws KdcError KDC_ERR_PREAUTH_FAILED, KDC_ERR_C_PRINCIPAL_UNKNOWN and others;
   * KDC_ERR_PADATA_TYPE_NOSUPP where the KDC does not ask for one-time passwords;
   * RejectedTokenError when the answer was not the KDC's; PasswordChangeRefusedError when the
   * directory refuses the new password
   */
  identityFor(user: SecretSubject, options?: IdentityForOptions): Promise<CallerIdentity>
  /** Returns the identity of a user in any of these forms. @throws as above */
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
