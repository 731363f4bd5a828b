import { closeOptions, S4uError } from '@s4u/krb5'
import type { OpenedSignInSource, SignInRequest, SignInResult, SignInSite, SignInSource } from '@s4u/negotiate'
import { type AccountRules, accountRules } from '../issuers/account-claim.js'
import { DiscoveredIssuer } from '../issuers/discovered-issuer.js'
import { type IssuerRules, issuerRules } from '../issuers/issuer-options.js'
import { namedUser } from '../issuers/named-user.js'
import { requireVouching } from '../vouching/require-vouching.js'
import { verifyAccessToken } from './access-token.js'
import { BEARER_OPTIONS, type BearerOptions, type TokenRules, tokenRules } from './bearer-options.js'
import { IssuerKeys } from './issuer-keys.js'

/**
 * Lets programs in with access tokens (JWT) of an issuer, in the name of the user that the token
 * names: the directory then knows the user (S4U2Self). No session begins.
 *
 * ```ts
 * import { bearer } from '@s4u/sign-in'
 *
 * export const orders = bearer({
 *   issuer: 'https://login.corp.example/realms/staff',
 *   audience: 'api://orders',
 *   scope: 'orders.read',
 *   claim: 'upn',
 * })
 * ```
 *
 * Source: RFC 6750, RFC 9068.
 * @throws ConfigurationError
 */
export function bearer(given: BearerOptions): SignInSource {
  const options = closeOptions('bearer', given, BEARER_OPTIONS)
  const { level, requireTls = true } = options
  const [account, issuer, token] = [
    accountRules('bearer', options),
    issuerRules('bearer', options),
    tokenRules(options),
  ]
  const claim = typeof account.claim === 'string' ? account.claim : 'function'
  return Object.freeze<SignInSource>({
    name: 'bearer',
    rules: { issuer: issuer.issuer.href, ...account, ...token, claim, level },
    open(site) {
      requireVouching('bearer', level, site)
      return new OpenedBearer(site, { account, issuer, token, level }, requireTls)
    },
  })
}

interface BearerRules {
  readonly account: AccountRules
  readonly issuer: IssuerRules
  readonly token: TokenRules
  readonly level: BearerOptions['level']
}

class OpenedBearer implements OpenedSignInSource {
  /** A page of another site cannot make a browser send a token. */
  readonly ambient = false
  readonly requireTls: boolean
  readonly #site: SignInSite
  readonly #rules: BearerRules
  readonly #issuer: DiscoveredIssuer
  readonly #keys: IssuerKeys
  /** Requests whose token was refused, for the challenge that goes with the 401. */
  readonly #refused = new WeakSet<object>()

  constructor(site: SignInSite, rules: BearerRules, requireTls: boolean) {
    this.requireTls = requireTls
    this.#site = site
    this.#rules = rules
    const client = { clientId: 'resource-server', authentication: undefined, metadata: {} }
    this.#issuer = new DiscoveredIssuer(rules.issuer, client, site.now)
    this.#keys = new IssuerKeys(rules.issuer, this.#issuer, site.now)
  }

  brings(request: SignInRequest): boolean {
    return SCHEME.test(request.header('authorization') ?? '')
  }

  async signIn(request: SignInRequest): Promise<SignInResult> {
    const { account, level } = this.#rules
    try {
      const claims = await this.#verify((request.header('authorization') ?? '').replace(SCHEME, ''))
      const identity = await namedUser(claims, account, this.#site, { method: 'bearer', level })
      return { status: 'signed-in', identity, session: false }
    } catch (error) {
      this.#refused.add(request.request)
      if (S4uError.is(error) && error.code === 'insufficient_scope') return this.#insufficient(error)
      throw error
    }
  }

  offer(request: SignInRequest) {
    const error = this.#refused.has(request.request) ? ', error="invalid_token"' : ''
    return { challenges: [`Bearer realm="${realmOf(this.#rules.issuer)}"${error}`] }
  }

  async #verify(token: string) {
    const { issuer, token: rules } = this.#rules
    const keys = await this.#keys.get()
    const { issuer: name } = (await this.#issuer.configuration()).serverMetadata()
    return verifyAccessToken(token, keys, name, issuer, rules, this.#site.now())
  }

  /** Source: RFC 6750 section 3.1. */
  #insufficient(error: S4uError): SignInResult {
    const { scope } = this.#rules.token
    const challenge = `Bearer realm="${realmOf(this.#rules.issuer)}", error="insufficient_scope", scope="${scope.join(' ')}"`
    const headers = { 'WWW-Authenticate': challenge, 'Content-Type': 'text/plain; charset=utf-8' }
    return { status: 'refused', error, answer: { statusCode: 403, headers, body: 'Forbidden\n' } }
  }
}

/** The scheme is compared without letter case: RFC 9110 section 11.1. */
const SCHEME = /^bearer +/i

function realmOf({ issuer }: IssuerRules): string {
  return issuer.href
}
