/** The interface of a negotiator. */

import type { Fetch } from '@s4u/fetch'
import type { S4uSubject } from '@s4u/kdc-client'
import type { CallerIdentity } from './delegation/caller-identity.js'
import type { NegotiatorCounters } from './authenticate/negotiator-counters.js'
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
import type { WebAuthenticateOptions } from './web/authenticate-request.js'
import type { ProtectedHandler, ProtectOptions, WebHandler } from './web/protect.js'
import type { WebOutcome } from './web/web-outcome.js'

/** Options of `authenticate`, for one request. */
export interface AuthenticateOptions {
  /** The mode of this request only. Default: that of the negotiator. */
  readonly mode?: Mode
  /**
   * Path and query as the client sent them, for pages of sign-in, where the framework has changed
   * `url`: in Express `req.originalUrl`. Default: `request.url`.
   */
  readonly url?: string
  /** What a body parser in front has read from the request. Default: none was there. */
  readonly body?: unknown
}

/** Finds out who sends requests, and acts in their names. `createNegotiator` returns one. */
export interface Negotiator extends Disposable {
  /**
   * Finds out who sent a request. A second call for the same request has the same outcome and does
   * not look at the token again; `mode` may differ, so that a route can require what is optional
   * for the app.
   */
  authenticate(request: NegotiableRequest, options?: AuthenticateOptions): Promise<Outcome>
  /**
   * Finds out who sent a web-standard Request: in Bun.serve, Deno.serve, Hono, or a route handler
   * of Next.js. It is judged by the same rules as a request of `node:http`; what the runtime knows
   * of the connection comes in the options. Handshakes of WebSockets are judged too, and pages of
   * other sites refused there.
   *
   * ```ts
   * import { createNegotiator, withHeaders } from '@s4u/negotiate'
   *
   * const negotiator = createNegotiator({ keytab: 'web.keytab' })
   * export async function handle(request: Request, clientAddress: string): Promise<Response> {
   *   const outcome = await negotiator.authenticateRequest(request, { clientAddress })
   *   if (outcome.status === 'challenge') return outcome.response
   *   const response = new Response(`Hello ${outcome.identity?.principal ?? 'stranger'}`)
   *   return withHeaders(response, outcome.headers)
   * }
   * ```
   *
   * @throws ConfigurationError for a request of `node:http`, and wrong options
   */
  authenticateRequest(request: Request, options?: WebAuthenticateOptions): Promise<WebOutcome>
  /**
   * Returns a handler of web-standard requests that calls `handler` for known callers only, and
   * adds the headers of the outcome to its response. The handler runs as the caller where the
   * options say so. It gets what the runtime gives beside the request; its parameters say what that
   * is.
   *
   * ```ts
   * import { createNegotiator } from '@s4u/negotiate'
   *
   * const negotiator = createNegotiator({ keytab: 'web.keytab' })
   * export const GET = negotiator.protect(
   *   (request, identity) => new Response(`Hello ${identity.principal}`),
   * )
   * ```
   *
   * An error of s4u becomes an answer with its status; other errors are thrown.
   * @throws ConfigurationError
   */
  protect<Rest extends readonly unknown[] = []>(
    handler: ProtectedHandler<Rest, CallerIdentity>,
    options?: ProtectOptions<Rest> & { readonly mode?: 'required' },
  ): WebHandler<Rest>
  /** Returns such a handler that unknown callers pass too. */
  protect<Rest extends readonly unknown[] = []>(
    handler: ProtectedHandler<Rest>,
    options: ProtectOptions<Rest> & { readonly mode: 'optional' },
  ): WebHandler<Rest>
  /**
   * Finds out who sent a handshake to `Bun.serve` or `Deno.serve`. Nothing has been sent yet:
   * return the `response` of a challenge, and put the headers of any other outcome on the 101.
   * `crossSite` and `mode` count as for `node:http`.
   *
   * ```ts
   * import { createNegotiator, withHeaders } from '@s4u/negotiate'
   *
   * const negotiator = createNegotiator({ keytab: 'web.keytab' })
   * interface Upgrading {
   *   upgrade(request: Request, options: { headers: Headers }): boolean
   * }
   *
   * // For Bun.serve. In Deno the response of Deno.upgradeWebSocket(request) gets the headers.
   * export async function chat(request: Request, server: Upgrading) {
   *   const { response, headers } = await negotiator.authenticateUpgrade(request)
   *   if (response !== undefined) return response
   *   const proof = withHeaders(new Response(), headers)
   *   if (server.upgrade(request, { headers: proof.headers })) return
   *   return new Response(null, { status: 426 })
   * }
   * ```
   *
   * @throws ConfigurationError for wrong options
   */
  authenticateUpgrade(request: Request, options?: WebAuthenticateOptions): Promise<WebOutcome>
  /**
   * Finds out who sent a handshake for another protocol, such as a WebSocket. It is for
   * `server.on('upgrade')`, which bypasses Express and Koa and every check in them. Pages of other
   * sites are refused whatever `mode` and `crossSite` say, except those of listed origins. With the
   * outcome `challenge` the refusal has been written to the socket; the connection stays open for
   * the next leg where it can.
   *
   * ```ts
   * import { createServer } from 'node:http'
   * import { createNegotiator } from '@s4u/negotiate'
   *
   * const negotiator = createNegotiator({ keytab: 'web.keytab' })
   * createServer().on('upgrade', async (request, socket, head) => {
   *   const outcome = await negotiator.authenticateUpgrade(request)
   *   if (outcome.status !== 'authenticated') return
   *   // Give request, socket and head to your WebSocket library, and outcome.identity to the app.
   * })
   * ```
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
   * Returns the headers that begin a cookie session for a user whom the app has authenticated
   * itself. Empty without such sessions.
   */
  startSession(identity: CallerIdentity): ResponseHeaders
  /**
   * Ends the session of a request, and resolves to the headers that remove its cookie. By then
   * `session.ended` has noted the end, so that a copy of the cookie is refused.
   *
   * ```ts
   * import { createServer } from 'node:http'
   * import { createNegotiator, writeHeaders } from '@s4u/negotiate'
   *
   * const negotiator = createNegotiator({ keytab: 'web.keytab', session: 'cookie' })
   * createServer({ maxHeaderSize: 65_536 }, async (request, response) => {
   *   await negotiator.authenticate(request, { mode: 'optional' })
   *   const headers = await negotiator.signOut(request)
   *   writeHeaders(response, headers)
   *   response.writeHead(204).end()
   * })
   * ```
   *
   * @throws RejectedTokenError S4U_SESSION_REVOCATION_UNKNOWN (503) where the store fails: the
   * session goes on then, and so should its cookie
   */
  signOut(request: NegotiableRequest | Request): Promise<ResponseHeaders>
  /**
   * Does as `signOut`, but waits for no store: a copy of the cookie may be taken for some time, and
   * a store that fails is told to `onFailed` alone. It ends the session that `authenticate` found.
   */
  endSession(request: NegotiableRequest | Request): ResponseHeaders
  /**
   * Returns the session that `authenticate` found on a request, or that the answer to it begins:
   * what a sign-out has to note for `session.isRevoked`.
   */
  sessionOf(request: NegotiableRequest | Request): Session | undefined
  /**
   * Resolves to whether a session that `sessionOf` returned goes on: not after its end, a sign-out,
   * or `session.maxIdle` without a request, not where `session.isRevoked` says so, and not while
   * nobody can tell. Ask it from time to time for what outlives a request, such as a WebSocket. The
   * question is no request. Only requests to this process count for `maxIdle`.
   * @throws ConfigurationError for what is not a session
   */
  sessionGoesOn(session: Session): Promise<boolean>
  /**
   * Returns a gate that says how a route impersonates: `required`, `allowed` or `notAllowed`.
   * Prefer it to the free function where a process has several negotiators.
   * @throws ConfigurationError at once for `notAllowed` with `impersonateCallerForAllOperations`
   */
  impersonation(option: ImpersonationOption): Gate
  /**
   * `fetch` in the name of the service itself, not of a caller: for background jobs and the
   * like.
   * @throws KdcError, KdcUnreachableError, RejectedTokenError, as the fetch of an impersonation
   * does
   */
  readonly fetch: Fetch
  readonly counters: NegotiatorCounters
  /**
   * Resolves when the keys are there, and, with `directory`, the groups and services that routes
   * name, and what sources of `signIn` need. A keytab that a function gives is checked then.
   * @throws ConfigurationError (`noSuchObject` for a group that does not exist), MissingKeyError
   */
  ready(): Promise<void>
}
