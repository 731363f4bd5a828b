import type { ReplayStore } from '@s4u/acceptor'
import { digest, S4uError } from '@s4u/krb5'
import type { SignInSite } from '@s4u/negotiate'
import { isFirstUse } from '../replay/first-use.js'
import type { DigestAlgorithm } from './digest-arithmetic.js'

/**
 * The verdict on a nonce and its count. `unknown`: the nonce is too old, is from another instance
 * or algorithm, or is invented. If the digest is right, the 401 says `stale=true`, and the client
 * tries again with a new nonce.
 */
export type NonceVerdict = 'fresh' | 'used' | 'unknown'

export interface NonceOptions {
  /** Milliseconds. */
  readonly lifetime: number
  readonly replayStore: ReplayStore
  /** Whether instances share the store: then each takes the nonces of the others. */
  readonly isShared: boolean
}

/**
 * The nonces of one algorithm: those of another are not taken for it (RFC 7616 section 5.1). The
 * server stores nothing when it makes a nonce, which carries its own time, sealed. It stores only
 * that a nonce was used.
 */
export class Nonces {
  readonly #site: SignInSite
  readonly #options: NonceOptions
  readonly #seal: ReturnType<SignInSite['sealFor']>
  readonly #instance: string

  constructor(algorithm: DigestAlgorithm, site: SignInSite, options: NonceOptions) {
    this.#site = site
    this.#options = options
    this.#seal = site.sealFor(`nonce ${algorithm}`)
    this.#instance = options.isShared ? 'shared' : Buffer.from(site.random(INSTANCE_OCTETS)).toString('base64url')
  }

  make(): string {
    const { lifetime } = this.#options
    return this.#seal.seal(`${this.#instance} ${Math.ceil(this.#site.now()) + lifetime}`, lifetime)
  }

  /**
   * Uses up a nonce with its count. To be asked only when the digest is right: otherwise anybody
   * could fill the memory, or use up the counts of others.
   *
   * @throws RejectedTokenError where the store cannot tell
   */
  async use(nonce: string, nc: string): Promise<NonceVerdict> {
    const [instance, expiresAt] = this.#seal.open(nonce)?.split(' ') ?? []
    if (instance !== this.#instance) return 'unknown'
    const count = digest('sha256', new TextEncoder().encode(`s4u digest ${nonce} ${nc.toLowerCase()}`))
    const use = { digest: count, expiresAt: Number(expiresAt), issuedAt: Number(expiresAt) - this.#options.lifetime }
    try {
      return (await isFirstUse(this.#options.replayStore, use)) ? 'fresh' : 'used'
    } catch (error) {
      if (hasForgotten(error)) return 'unknown'
      throw error
    }
  }
}

const INSTANCE_OCTETS = 9

/** A store that may have lost what was used before some time: the client needs a newer nonce. */
function hasForgotten(error: unknown): boolean {
  return S4uError.is(error) && S4uError.is(error.cause) && error.cause.code === 'S4U_REDIS_FORGOT'
}
