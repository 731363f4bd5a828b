import { createHash } from 'node:crypto'
import { closeOptions } from '@s4u/krb5'
import type {
  CallerIdentity,
  IdentityForOptions,
  OpenedSignInSource,
  SignedIn,
  SignInRequest,
  SignInSite,
  SignInSource,
} from '@s4u/negotiate'
import { enterpriseName, givenAccount } from '../accounts/named-account.js'
import { vouchedAccount } from '../accounts/vouched-account.js'
import { requireVouching } from '../vouching/require-vouching.js'
import { CertificateBringer } from './certificate-bringer.js'
import { CERTIFICATE_OPTIONS, type CertificateOptions, checkCertificateOptions } from './certificate-options.js'
import { ownerOf, withoutDirectory } from './mapping/certificate-owner.js'
import { directoryOfSite, searchableOf } from './mapping/directory-of-site.js'
import type { AskedDirectory } from './mapping/directory-owner.js'
import { type CertificateOwner, requireOwner } from './mapping/require-owner.js'
import { KeptAnswers } from './revocation/kept-answers.js'
import { RevocationCheck } from './revocation/revocation-check.js'
import { type RevocationRules, revocationRules } from './revocation/revocation-options.js'
import { readAuthorities } from './trust/authorities.js'
import { CLIENT_AUTHENTICATION, requireUsable } from './trust/certificate-use.js'
import { type VerifiedChain, verifyChain } from './trust/verify-chain.js'
import { readClientCertificate, type ReadCertificate } from './x509/client-certificate.js'

/** How long the answer of the directory serves, as in `identityFor`; milliseconds. */
const OWNER_KEPT = 300_000

/**
 * How long a chain counts as verified; milliseconds. Its signatures do not change, its end comes.
 */
const CHAIN_KEPT = 600_000

/** So many people at a time. */
const MAX_KEPT = 10_000

/**
 * Signs people in with the client certificate of their TLS connection, as from a smart card; the
 * directory then knows the user (S4U2Self). The listener belongs to the app and must ask for it:
 * `{ requestCert: true, rejectUnauthorized: false, ca }`.
 *
 * ```ts
 * import { readFileSync } from 'node:fs'
 * import { certificate } from '@s4u/sign-in'
 *
 * const ca = readFileSync('issuing-ca.pem')
 * export const smartCards = certificate({ ca, mapping: 'directory' })
 * ```
 *
 * Source: RFC 5280 section 6, RFC 6960, RFC 9440, Microsoft KB5014754.
 * @throws ConfigurationError
 */
export function certificate(given: CertificateOptions): SignInSource {
  const options = closeOptions('certificate', given, CERTIFICATE_OPTIONS)
  checkCertificateOptions(options)
  const authorities = readAuthorities(options.ca)
  const bringer = new CertificateBringer(options)
  const { revocation = {} } = options
  const revocationOf = revocation === 'off' ? undefined : revocationRules(revocation)
  const { mapping, weakMappings = [], extendedKeyUsage = [CLIENT_AUTHENTICATION], level, requireTls = true } = options
  const rule = typeof mapping === 'function' ? 'function' : mapping
  const trusted = authorities.map((der) => readClientCertificate(der).certificate.fingerprint)
  return Object.freeze<SignInSource>({
    name: 'certificate',
    rules: { trusted, mapping: rule, weakMappings, extendedKeyUsage, level },
    open(site) {
      requireVouching('certificate', level, site)
      return new OpenedCertificate(
        site,
        { options, authorities, bringer, extendedKeyUsage, revocation: revocationOf },
        requireTls,
      )
    },
  })
}

interface CertificateParts {
  readonly options: CertificateOptions
  readonly authorities: readonly Uint8Array[]
  readonly bringer: CertificateBringer
  readonly extendedKeyUsage: readonly string[]
  /** Undefined: certificates are believed until they end. */
  readonly revocation: RevocationRules | undefined
}

class OpenedCertificate implements OpenedSignInSource {
  readonly requireTls: boolean
  readonly #site: SignInSite
  readonly #parts: CertificateParts
  readonly #revocation: RevocationCheck | undefined
  readonly #directory: AskedDirectory | undefined
  readonly #chains: KeptAnswers<VerifiedChain>
  readonly #owners: KeptAnswers<CertificateOwner>

  /** @throws ConfigurationError */
  constructor(site: SignInSite, parts: CertificateParts, requireTls: boolean) {
    const { options, revocation } = parts
    const { now } = site
    this.#directory = options.directory ?? (site.directory && directoryOfSite(site.directory))
    if (options.mapping === 'altSecurityIdentities' && this.#directory === undefined) throw withoutDirectory()
    this.requireTls = requireTls
    this.#site = site
    this.#parts = parts
    if (revocation !== undefined)
      this.#revocation = new RevocationCheck(revocation, now, (length) => site.random(length), this.#directory)
    this.#chains = new KeptAnswers(MAX_KEPT, now)
    this.#owners = new KeptAnswers(MAX_KEPT, now)
  }

  async ready(): Promise<void> {
    const { mapping, directory } = this.#parts.options
    if (mapping !== 'altSecurityIdentities' || directory !== undefined || this.#site.directory === undefined) return
    await searchableOf(this.#site.directory)
  }

  screen(request: SignInRequest): void {
    this.#parts.bringer.screen(request)
  }

  /**
   * The connection brings it with each request, and so also with those for pages of other sources.
   */
  brings(request: SignInRequest): boolean {
    return !request.path.startsWith(`${this.#site.path}/`) && this.#parts.bringer.has(request)
  }

  async signIn(request: SignInRequest): Promise<SignedIn> {
    const { bringer, extendedKeyUsage, options } = this.#parts
    const presented = bringer.get(request)
    const read = readClientCertificate(presented.leaf)
    requireUsable(read, extendedKeyUsage, this.#site.now())
    const chain = await this.#chainOf(read, presented)
    await this.#revocation?.require(chain)
    const owner = await this.#ownerOf(read)
    const identity = await this.#identityOf(owner, { method: 'certificate', level: options.level })
    requireOwner(identity, read.certificate, owner)
    return { status: 'signed-in', identity }
  }

  async #identityOf({ user }: CertificateOwner, options: IdentityForOptions): Promise<CallerIdentity> {
    if (typeof user === 'string') return vouchedAccount(givenAccount(user), this.#site, options)
    if (!('upn' in user)) return this.#site.identityFor(user, options)
    const account = { user: enterpriseName(user.upn, await this.#site.realm()), name: user.upn }
    return vouchedAccount({ ...account, form: 'userPrincipalName' }, this.#site, options)
  }

  #chainOf({ certificate }: ReadCertificate, presented: Parameters<typeof verifyChain>[0]): Promise<VerifiedChain> {
    return this.#chains.get(keyOf(certificate.fingerprint, presented), async () => {
      const now = this.#site.now()
      const value = await verifyChain(presented, this.#parts.authorities, now)
      return { value, until: Math.min(now + CHAIN_KEPT, endOf(value)) }
    })
  }

  /** What a function says is not kept: the app knows when it changes. */
  #ownerOf(read: ReadCertificate): Promise<CertificateOwner> {
    const { mapping, weakMappings = [] } = this.#parts.options
    const rules = { mapping, weakMappings, directory: this.#directory }
    if (mapping !== 'altSecurityIdentities') return ownerOf(read, rules)
    return this.#owners.get(read.certificate.fingerprint, async () => ({
      value: await ownerOf(read, rules),
      until: this.#site.now() + OWNER_KEPT,
    }))
  }
}

/**
 * Returns what a verdict about a chain is of. Who sends a certificate with the wrong authorities,
 * or with none, must not stop its owner, for whom the failure would be remembered.
 */
function keyOf(fingerprint: string, { others }: Parameters<typeof verifyChain>[0]): string {
  const digests = others.map((der) => createHash('sha256').update(der).digest('hex'))
  return [fingerprint, ...digests].join(' ')
}

/** The first end of a certificate in a chain. */
function endOf(chain: VerifiedChain): number {
  return Math.min(...chain.map((der) => readClientCertificate(der).certificate.notAfter))
}
