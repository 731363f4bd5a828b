import { timingSafeEqual } from 'node:crypto'
import { ConfigurationError, RejectedTokenError } from '@s4u/krb5'
import type {
  OpenedSignInSource,
  SignInAnswer,
  SignInRequest,
  SignInResult,
  SignInSite,
  SignInSource,
} from '@s4u/negotiate'
import { givenAccount } from '../accounts/named-account.js'
import { TakenRealms } from '../accounts/taken-realms.js'
import { vouchedAccount } from '../accounts/vouched-account.js'
import {
  type DigestAlgorithm,
  digestProof,
  digestResponse,
  digestSecret,
  digestUserHash,
  hexLength,
} from './digest-arithmetic.js'
import { type DigestCredentials, isDigest, malformed, readDigestCredentials } from './digest-credentials.js'
import { countsOfThisProcess, type DigestOptions, type DigestSettings, readDigestOptions } from './digest-options.js'
import { requireVouching } from '../vouching/require-vouching.js'
import { Nonces } from './nonces.js'

/**
 * Returns a way to sign in with Digest (RFC 7616), for programs and devices that have it still. The
 * user's ticket comes by S4U2Self, so `delegation.protocolTransition` must permit it.
 *
 * @throws ConfigurationError
 *
 * @example
 * ```ts
 * import { digest } from '@s4u/sign-in'
 *
 * const hashes = new Map([['alice', '6ccf7a1b…']])
 * export const source = digest({
 *   realm: 'orders@corp.test',
 *   secretFor: ({ user }) => {
 *     const hash = hashes.get(user)
 *     return hash === undefined ? undefined : { hash }
 *   },
 * })
 * ```
 */
export function digest(options: DigestOptions): SignInSource {
  const settings = readDigestOptions(options)
  const { realm, realms, algorithms } = settings
  return Object.freeze<SignInSource>({
    name: 'digest',
    rules: { realm, realms, algorithms },
    open: (site) => new OpenedDigest(settings, site),
  })
}

class OpenedDigest implements OpenedSignInSource {
  readonly requireTls: boolean
  readonly #settings: DigestSettings
  readonly #site: SignInSite
  readonly #nonces: ReadonlyMap<DigestAlgorithm, Nonces>
  readonly #realms: TakenRealms
  /** Stands in for the secret of users who are not known: the same work is done for them. */
  readonly #nobody: string
  /** Requests whose digest is right, and whose nonce is not. */
  readonly #stale = new WeakSet<SignInRequest>()

  constructor(settings: DigestSettings, site: SignInSite) {
    const { requireTls, algorithms, nonceLifetime: lifetime, replayStore } = settings
    requireVouching('digest', settings.level, site)
    const isShared = replayStore !== undefined
    const options = { lifetime, isShared, replayStore: replayStore ?? countsOfThisProcess(() => site.now()) }
    this.requireTls = requireTls
    this.#settings = settings
    this.#site = site
    this.#nonces = new Map(algorithms.map((algorithm) => [algorithm, new Nonces(algorithm, site, options)]))
    this.#realms = new TakenRealms('digest', site, settings.realms)
    this.#nobody = Buffer.from(site.random(32)).toString('hex')
  }

  brings(request: SignInRequest): boolean {
    return isDigest(request.header('authorization'))
  }

  async signIn(request: SignInRequest): Promise<SignInResult> {
    const credentials = readDigestCredentials(request.header('authorization') ?? '')
    const nonces = this.#requireOwn(credentials, request)
    const user = await this.#userOf(credentials)
    const { secret, account } = await this.#site.attempts.check({ user, clientAddress: request.clientAddress }, () =>
      this.#verify(credentials, user, request.method),
    )
    const verdict = await nonces.use(credentials.nonce, credentials.nc)
    if (verdict !== 'fresh') this.#stale.add(request)
    if (verdict === 'unknown') return { status: 'answer', answer: this.#tryAgain(request) }
    if (verdict === 'used') throw replayed(user)
    const identity = await vouchedAccount(givenAccount(account), this.#site, {
      method: 'digest',
      level: this.#settings.level,
    })
    await this.#realms.requireFound(identity)
    const { nc, cnonce } = credentials
    const proof = `rspauth="${digestProof(secret, credentials)}", cnonce="${escaped(cnonce)}", nc=${nc}, qop=auth`
    return { status: 'signed-in', identity, headers: { 'Authentication-Info': proof } }
  }

  /**
   * No refusal: a nonce has an end, and the client goes on with the next without asking its user.
   */
  #tryAgain(request: SignInRequest): SignInAnswer {
    const headers = { 'Content-Type': 'text/plain; charset=utf-8', 'WWW-Authenticate': this.offer(request).challenges }
    return { statusCode: 401, headers, body: 'Try again with the new nonce.\n' }
  }

  /** Offers each algorithm with a nonce of its own. RFC 7616 section 3.3. */
  offer(request: SignInRequest): { readonly challenges: readonly string[] } {
    const hashed = this.#settings.userOf === undefined ? '' : ', userhash=true'
    const stale = this.#stale.has(request) ? ', stale=true' : ''
    const challenges = [...this.#nonces].map(
      ([algorithm, nonces]) =>
        `Digest realm="${this.#settings.realm}", qop="auth", algorithm=${algorithm}, nonce="${nonces.make()}", charset=UTF-8${hashed}${stale}`,
    )
    return { challenges }
  }

  /**
   * Returns the name; the hash itself where it is nobody's, for whom the same work is done and the
   * same attempts are counted.
   */
  async #userOf({ username, isHashed, algorithm }: DigestCredentials): Promise<string> {
    if (!isHashed) return username
    const { userOf, realm } = this.#settings
    if (userOf === undefined) throw malformed('userhash', 'false, as it was not offered', 'true')
    const user = await userOf({ userHash: username, realm, algorithm })
    if (user === undefined) return username
    if (digestUserHash(algorithm, user, realm) === username) return user
    throw new ConfigurationError('digest: userOf must give the name that has the hash', {
      hint: 'Make the hashes with digestUserHash(algorithm, user, realm), with the realm and the algorithm that it is asked for.',
    })
  }

  /**
   * Requires what does not depend on the user: our realm, an algorithm that is offered, and the
   * target of this request, octet by octet, or a digest could be used for another page.
   */
  #requireOwn({ realm, algorithm, uri }: DigestCredentials, request: SignInRequest): Nonces {
    const nonces = this.#nonces.get(algorithm)
    if (nonces === undefined) throw malformed('algorithm', [...this.#nonces.keys()].join(' or '), algorithm)
    if (realm !== this.#settings.realm) throw malformed('realm', 'that of this service', 'another')
    if (uri !== targetOf(request)) throw malformed('uri', 'the target of the request, octet by octet', 'another')
    return nonces
  }

  /** @throws RejectedTokenError if the user is not known, or the digest is wrong */
  async #verify(
    credentials: DigestCredentials,
    user: string,
    method: string,
  ): Promise<{ secret: string; account: string }> {
    const { algorithm, response } = credentials
    const { realm, secretFor } = this.#settings
    const found = await secretFor({ user, realm, algorithm })
    // The same is computed for users who are not known.
    const { password = this.#nobody, hash } = { password: undefined, hash: undefined, ...found }
    const secret = hashOf(algorithm, hash) ?? digestSecret(algorithm, user, realm, password)
    const right = Buffer.from(digestResponse(secret, method, credentials), 'hex')
    const isRight = timingSafeEqual(right, Buffer.from(response, 'hex'))
    if (found !== undefined && isRight) {
      const { account = user } = found
      await this.#realms.requireName(account)
      return { secret, account }
    }
    throw new RejectedTokenError('the digest is wrong, or there is no such user', {
      code: 'KDC_ERR_PREAUTH_FAILED',
    })
  }
}

/** @throws ConfigurationError for what is no hash of this algorithm */
function hashOf(algorithm: DigestAlgorithm, hash: string | undefined): string | undefined {
  const isHash = hash === undefined || (hash.length === hexLength(algorithm) && /^[\da-f]+$/i.test(hash))
  if (isHash) return hash?.toLowerCase()
  throw new ConfigurationError(`digest: secretFor must give a hash of ${hexLength(algorithm)} hexadecimal digits`, {
    hint: `Give H(user:realm:password) made with ${algorithm}, as digestSecret() makes it, or the password.`,
  })
}

/** Path and query as the client wrote them; a framework takes off only the front of the path. */
function targetOf({ path, request }: SignInRequest): string {
  const [, ...query] = (request.url ?? '').split('?')
  return [path, ...query].join('?')
}

function replayed(user: string): RejectedTokenError {
  return new RejectedTokenError(`the digest of ${user} came before, with the same nonce and count`, {
    code: 'KRB_AP_ERR_REPEAT',
    hint: 'Somebody replays captured traffic, or a client sends each request twice with the same nc.',
  })
}

function escaped(text: string): string {
  return text.replace(/[\\"]/g, '\\$&')
}
