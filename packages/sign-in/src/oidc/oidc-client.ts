import type { S4uError } from '@s4u/krb5'
import {
  authorizationCodeGrant,
  buildAuthorizationUrl,
  buildEndSessionUrl,
  calculatePKCECodeChallenge,
  ClientSecretPost,
  type Configuration,
  fetchUserInfo,
  None,
} from 'openid-client'
import type { IssuerClaims } from '../issuers/account-claim.js'
import { DiscoveredIssuer } from '../issuers/discovered-issuer.js'
import type { IssuerRules } from '../issuers/issuer-options.js'
import { refusalOf } from './oidc-errors.js'
import type { OidcOptions } from './oidc-options.js'
import type { PendingSignIn } from './pending-sign-in.js'

/** This app as a client of the issuer. */
export class OidcClient {
  readonly host: string
  readonly #issuer: DiscoveredIssuer
  readonly #options: OidcOptions
  readonly #name: string

  constructor(options: OidcOptions, rules: IssuerRules, now: () => number) {
    const { clientId, clientSecret } = options
    const authentication = clientSecret === undefined ? None() : ClientSecretPost(clientSecret)
    this.#issuer = new DiscoveredIssuer(rules, { clientId, authentication, metadata: {} }, now)
    this.#options = options
    this.host = rules.issuer.host
    this.#name = rules.issuer.href
  }

  /** The address of the issuer's page for a sign-in. */
  async authorizationUrl({ state, nonce, verifier }: PendingSignIn): Promise<string> {
    const { redirectUri, scope = 'openid', parameters = {} } = this.#options
    const configuration = await this.#issuer.configuration()
    return buildAuthorizationUrl(configuration, {
      ...parameters,
      ...{ redirect_uri: redirectUri, scope, state, nonce },
      code_challenge: await calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    }).href
  }

  /** Exchanges the code of an answer, and returns the claims of the ID token. */
  async claimsFor(answer: URLSearchParams, { state, nonce, verifier }: PendingSignIn): Promise<IssuerClaims> {
    const configuration = await this.#issuer.configuration()
    const url = new URL(this.#options.redirectUri)
    url.search = answer.toString()
    const checks = { expectedState: state, expectedNonce: nonce, pkceCodeVerifier: verifier, idTokenExpected: true }
    const tokens = await authorizationCodeGrant(configuration, url, checks)
    const claims: IssuerClaims = { ...tokens.claims() }
    return this.#options.userInfo === true ? this.#withUserInfo(configuration, tokens.access_token, claims) : claims
  }

  /** The ID token goes first: its claims are signed. */
  async #withUserInfo(configuration: Configuration, token: string, claims: IssuerClaims): Promise<IssuerClaims> {
    return { ...(await fetchUserInfo(configuration, token, String(claims['sub']))), ...claims }
  }

  /** The address that ends the session at the issuer; undefined where it has none. */
  async endSessionUrl(afterwards: string | undefined): Promise<string | undefined> {
    const configuration = await this.#issuer.configuration()
    if (afterwards === undefined || configuration.serverMetadata().end_session_endpoint === undefined) return undefined
    return buildEndSessionUrl(configuration, { post_logout_redirect_uri: afterwards }).href
  }

  refusalOf(error: unknown): S4uError {
    return refusalOf(this.#name, error)
  }
}
