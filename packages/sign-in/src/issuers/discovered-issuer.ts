import type { S4uError } from '@s4u/krb5'
import {
  allowInsecureRequests,
  type ClientAuth,
  type ClientMetadata,
  clockTolerance,
  type Configuration,
  customFetch,
  discovery,
  enableNonRepudiationChecks,
} from 'openid-client'
import type { IssuerRules } from './issuer-options.js'
import { IssuerUnreachableError } from './issuer-unreachable-error.js'

/** How long a failure counts: an issuer that is down is not asked by every request. */
const RETRY_AFTER = 5_000

/** How long its settings serve: issuers announce new addresses long before. */
const FRESH_FOR = 3_600_000

/** The client at the issuer, whose settings are read from it. */
export interface IssuerClient {
  readonly clientId: string
  readonly authentication: ClientAuth | undefined
  readonly metadata: Partial<ClientMetadata>
}

/**
 * An issuer whose settings are read when they are first needed, and read again after an hour. Where
 * that fails the old ones serve, and where there are none the next request after some seconds tries
 * again: an issuer may start after the app.
 */
export class DiscoveredIssuer {
  readonly #rules: IssuerRules
  readonly #client: IssuerClient
  readonly #now: () => number
  #found: { readonly configuration: Configuration; readonly freshUntil: number } | undefined
  #flight: Promise<Configuration> | undefined
  #failure: { readonly error: S4uError; readonly until: number } | undefined

  constructor(rules: IssuerRules, client: IssuerClient, now: () => number) {
    this.#rules = rules
    this.#client = client
    this.#now = now
  }

  /** @throws IssuerUnreachableError */
  async configuration(): Promise<Configuration> {
    const { configuration, freshUntil = 0 } = this.#found ?? {}
    if (configuration !== undefined && this.#now() < freshUntil) return configuration
    if (this.#failure !== undefined && this.#now() < this.#failure.until) {
      if (configuration !== undefined) return configuration
      throw this.#failure.error
    }
    this.#flight ??= this.#discover().finally(() => (this.#flight = undefined))
    try {
      return await this.#flight
    } catch (error) {
      if (configuration !== undefined) return configuration
      throw error
    }
  }

  async #discover(): Promise<Configuration> {
    try {
      const configuration = await this.#read()
      this.#found = { configuration, freshUntil: this.#now() + FRESH_FOR }
      this.#failure = undefined
      return configuration
    } catch (cause) {
      const error = new IssuerUnreachableError(this.#rules.issuer.href, cause)
      this.#failure = { error, until: this.#now() + RETRY_AFTER }
      throw error
    }
  }

  #read(): Promise<Configuration> {
    const { issuer, timeLimit, clockSkew, allowInsecure, fetch } = this.#rules
    const { clientId, authentication, metadata } = this.#client
    // An ID token comes straight from the issuer, over TLS; its signature is checked all the same.
    const execute = [enableNonRepudiationChecks, ...(allowInsecure ? [allowInsecureRequests] : [])]
    const own: Partial<ClientMetadata> = { ...metadata, [clockTolerance]: clockSkew / 1_000 }
    return discovery(issuer, clientId, own, authentication, {
      ...{ execute, timeout: timeLimit / 1_000 },
      [customFetch]: (url, options) => fetch(url, { ...options, body: options.body ?? null }),
    })
  }
}
