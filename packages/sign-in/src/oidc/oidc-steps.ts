import { localTarget, type SignInAnswer, type SignInRequest, type SignInSite } from '@s4u/negotiate'
import type { AccountRules, IssuerClaims } from '../issuers/account-claim.js'
import type { OidcClient } from './oidc-client.js'
import { unknownState } from './oidc-errors.js'
import type { OidcOptions } from './oidc-options.js'
import { redirect } from './oidc-pages.js'
import type { SubjectCookie } from './oidc-subject.js'
import type { PendingSignIns } from './pending-sign-in.js'

/** What the steps of a sign-in at an issuer need. */
export interface OidcWay {
  readonly site: SignInSite
  readonly client: OidcClient
  readonly pending: PendingSignIns
  readonly subjects: SubjectCookie
  readonly account: AccountRules
  readonly options: OidcOptions
}

/** Octets of random values: as many as nobody guesses in ten minutes, or ever. */
const RANDOM = 32

/**
 * Sends the browser to the issuer, with a state, a nonce and a challenge of PKCE that only this
 * browser's cookie can answer. Source: OpenID Connect Core 1.0 section 3.1.2.1.
 */
export async function beginSignIn({ site, client, pending }: OidcWay, request: SignInRequest): Promise<SignInAnswer> {
  const random = (): string => Buffer.from(site.random(RANDOM)).toString('base64url')
  const next = localTarget(request.query.get('next')) ?? '/'
  const begun = { state: random(), nonce: random(), verifier: random(), next }
  const url = await client.authorizationUrl(begun)
  return redirect(url, pending.begin(request, begun))
}

/**
 * Takes the answer of the issuer: that of the sign-in which this browser has begun, from this
 * issuer (RFC 9207), with a code that is exchanged once. Source: OpenID Connect Core 1.0 section
 * 3.1.2.5.
 * @throws RejectedTokenError S4U_UNKNOWN_STATE, access_denied, invalid_grant, invalid_token;
 * IssuerUnreachableError
 */
export async function finishSignIn(
  { client, pending }: OidcWay,
  request: SignInRequest,
): Promise<{ readonly claims: IssuerClaims; readonly next: string }> {
  const [state, second] = request.query.getAll('state')
  const begun = state === undefined || second !== undefined ? undefined : pending.find(request, state)
  if (begun === undefined) throw unknownState()
  return { claims: await client.claimsFor(request.query, begun), next: begun.next }
}
