import { closeOptions, ConfigurationError } from '@s4u/krb5'
import type {
  CallerIdentity,
  NegotiableRequest,
  OpenedSignInSource,
  SignInRequest,
  SignInResult,
  SignInSite,
  SignInSource,
} from '@s4u/negotiate'
import { accountRules } from '../issuers/account-claim.js'
import { issuerRules } from '../issuers/issuer-options.js'
import { namedUser } from '../issuers/named-user.js'
import { requireVouching } from '../vouching/require-vouching.js'
import { OidcClient } from './oidc-client.js'
import { checkOidcOptions, OIDC_OPTIONS, type OidcOptions } from './oidc-options.js'
import { leadingPage, redirect, refusedPage } from './oidc-pages.js'
import { type OidcSubject, SubjectCookie } from './oidc-subject.js'
import { beginSignIn, finishSignIn, type OidcWay } from './oidc-steps.js'
import { PendingSignIns } from './pending-sign-in.js'

/** A way to sign in at an OpenID provider. */
export interface OidcSource extends SignInSource {
  /**
   * Returns who the user of a request is at the issuer: the pair of issuer and subject, which is
   * never given to another person. Undefined for users who came by another way.
   */
  subjectOf(request: NegotiableRequest, identity: Pick<CallerIdentity, 'principal'>): OidcSubject | undefined
}

/**
 * Signs people in at an OpenID provider (Entra ID, Keycloak, ADFS …), with the authorization code
 * flow and PKCE; the directory then knows the user by the name in a claim (S4U2Self). Users begin
 * at `/.s4u/oidc`, and a browser without a ticket is led there.
 *
 * ```ts
 * import { oidc } from '@s4u/sign-in'
 *
 * export const company = oidc({
 *   issuer: 'https://login.corp.example/realms/staff',
 *   clientId: 'intranet',
 *   redirectUri: 'https://app.corp.example/.s4u/oidc/callback',
 *   claim: 'upn',
 * })
 * ```
 *
 * Source: OpenID Connect Core 1.0 section 3.1, RFC 7636, RFC 9207, OpenID Connect RP-Initiated
 * Logout 1.0.
 * @throws ConfigurationError
 */
export function oidc(given: OidcOptions): OidcSource {
  const options = closeOptions('oidc', given, OIDC_OPTIONS)
  checkOidcOptions(options)
  const { name = 'oidc', requireTls } = options
  const [account, issuer] = [accountRules('oidc', options), issuerRules('oidc', options)]
  let subjects: SubjectCookie | undefined
  return Object.freeze<OidcSource>({
    name,
    rules: { issuer: issuer.issuer.href, clientId: options.clientId, ...account, claim: ruleOf(account.claim) },
    subjectOf(request, { principal }) {
      const found = subjects?.find(request)
      return found?.principal === principal ? found : undefined
    },
    open(site) {
      requireVouching('oidc', undefined, site)
      requireSessions(site)
      requireCallback(options, name, site)
      subjects = new SubjectCookie(name, site.sealFor('user'))
      const client = new OidcClient(options, issuer, site.now)
      const pending = new PendingSignIns(name, site.sealFor('state'))
      return new OpenedOidc({ site, client, pending, subjects, account, options }, `${site.path}/${name}`, requireTls)
    },
  })
}

/** A function cannot be compared with that of another process. */
function ruleOf(claim: unknown): string {
  return typeof claim === 'string' ? claim : 'function'
}

class OpenedOidc implements OpenedSignInSource {
  readonly requireTls: boolean
  readonly #way: OidcWay
  readonly #begin: string

  constructor(way: OidcWay, begin: string, requireTls = true) {
    this.#way = way
    this.#begin = begin
    this.requireTls = requireTls
  }

  /** The pages of this source. Its cookies count there alone. */
  brings({ path }: SignInRequest): boolean {
    return path === this.#begin || path === `${this.#begin}/callback` || path === `${this.#begin}/sign-out`
  }

  signIn(request: SignInRequest): Promise<SignInResult> {
    const { path } = request
    if (path === `${this.#begin}/callback`) return this.#finish(request)
    return this.#answer(path === this.#begin ? () => beginSignIn(this.#way, request) : () => this.#leave())
  }

  offer({ returnTo }: SignInRequest) {
    const { label } = this.#way.options
    const href = this.#hrefFor(returnTo)
    return { page: () => leadingPage(href), link: { href, label: () => label ?? this.#way.client.host } }
  }

  signedOut(request: SignInRequest) {
    const { subjects, options } = this.#way
    if (subjects.find(request.request) === undefined) return undefined
    const target = options.afterSignOut === undefined ? '/' : `${this.#begin}/sign-out`
    return redirect(target, [subjects.remove(request)])
  }

  async #leave() {
    const { client, options } = this.#way
    return redirect((await client.endSessionUrl(options.afterSignOut)) ?? '/')
  }

  async #answer(make: () => Promise<ReturnType<typeof redirect>>): Promise<SignInResult> {
    try {
      return { status: 'answer', answer: await make() }
    } catch (reason) {
      return this.#refused(reason, [])
    }
  }

  async #finish(request: SignInRequest): Promise<SignInResult> {
    const { site, subjects, account, options, pending } = this.#way
    const removed = request.query.getAll('state').map((state) => pending.end(request, state))
    try {
      const { claims, next } = await finishSignIn(this.#way, request)
      const identity = await namedUser(claims, account, site, { method: options.name ?? 'oidc' })
      const subject = subjects.set(request, { ...subjectIn(claims), principal: identity.principal })
      return { status: 'signed-in', identity, location: next, headers: { 'Set-Cookie': [...removed, subject] } }
    } catch (reason) {
      return this.#refused(reason, removed)
    }
  }

  #refused(reason: unknown, cookies: readonly string[]): SignInResult {
    const error = this.#way.client.refusalOf(reason)
    if (error.status === 500) throw error
    return { status: 'refused', error, answer: refusedPage(error.status, this.#begin, cookies) }
  }

  #hrefFor(returnTo: string): string {
    return `${this.#begin}?${new URLSearchParams({ next: returnTo })}`
  }
}

function requireSessions({ keepsSessions }: SignInSite): void {
  if (keepsSessions) return
  throw new ConfigurationError('oidc needs a session: a sign-in at the issuer is one for many requests', {
    hint: "Write negotiate({ session: { cookie: 'sid', keys: [process.env.SESSION_KEY] } }).",
  })
}

function requireCallback({ redirectUri }: OidcOptions, name: string, { path }: SignInSite): void {
  const expected = `${path}/${name}/callback`
  if (new URL(redirectUri).pathname === expected) return
  throw new ConfigurationError(`oidc: redirectUri must end in ${expected}`, {
    hint: 'Register that address at the issuer. Where the app is mounted below a path, write it in signInOptions.path too.',
  })
}

function subjectIn(claims: Readonly<Record<string, unknown>>): Omit<OidcSubject, 'principal'> {
  const { iss, sub, sid } = claims
  return { issuer: String(iss), subject: String(sub), ...(typeof sid === 'string' && { sessionId: sid }) }
}
