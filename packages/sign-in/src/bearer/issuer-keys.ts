import { createRemoteJWKSet, customFetch, type JWTVerifyGetKey, type RemoteJWKSet } from 'jose'
import type { DiscoveredIssuer } from '../issuers/discovered-issuer.js'
import type { IssuerRules } from '../issuers/issuer-options.js'
import { IssuerUnreachableError } from '../issuers/issuer-unreachable-error.js'

/** How long keys serve: an issuer takes a stolen key back. */
const FRESH_FOR = 600_000

/**
 * How often an unknown key makes the issuer be asked: anybody can send tokens with unknown keys,
 * and each would be a question.
 */
const ASKED_AGAIN_AFTER = 30_000

/** How long a failure counts, for the same reason. */
const RETRY_AFTER = 5_000

/** The keys of an issuer. */
export class IssuerKeys {
  readonly #rules: IssuerRules
  readonly #issuer: DiscoveredIssuer
  readonly #now: () => number
  #known: { readonly address: string; readonly keys: RemoteJWKSet } | undefined
  #failedAt = -Infinity

  constructor(rules: IssuerRules, issuer: DiscoveredIssuer, now: () => number) {
    this.#rules = rules
    this.#issuer = issuer
    this.#now = now
  }

  /** @throws IssuerUnreachableError */
  async get(): Promise<JWTVerifyGetKey> {
    const { jwks_uri: address } = (await this.#issuer.configuration()).serverMetadata()
    if (address === undefined || !this.#isSafe(address))
      throw this.#unreachable(new Error('it names no keys (jwks_uri) with https://'))
    if (this.#known?.address !== address) this.#known = { address, keys: this.#open(address) }
    return this.#known.keys
  }

  #isSafe(address: string): boolean {
    return address.startsWith('https://') || (this.#rules.allowInsecure && address.startsWith('http://'))
  }

  #open(address: string): RemoteJWKSet {
    const { timeLimit } = this.#rules
    return createRemoteJWKSet(new URL(address), {
      ...{ timeoutDuration: timeLimit, cooldownDuration: ASKED_AGAIN_AFTER, cacheMaxAge: FRESH_FOR },
      [customFetch]: (url, init) => this.#fetch(url, init),
    })
  }

  async #fetch(url: string, init: RequestInit): Promise<Response> {
    if (this.#now() - this.#failedAt < RETRY_AFTER) throw this.#unreachable(new Error('its keys could not be read'))
    try {
      const response = await this.#rules.fetch(url, init)
      if (!response.ok) throw new Error(`its keys are answered with ${response.status}`)
      return response
    } catch (cause) {
      this.#failedAt = this.#now()
      throw this.#unreachable(cause)
    }
  }

  #unreachable(cause: unknown): IssuerUnreachableError {
    return new IssuerUnreachableError(this.#rules.issuer.href, cause)
  }
}
