import { ConfigurationError, type Keytab, S4uError } from '@s4u/krb5'
import { withinLimit } from '../async/time-limit.js'
import { keytabOf, type KeytabLocation, type ProvidedKeys } from './keytab-location.js'

/**
 * Fetches the keytab from elsewhere, such as a vault. It is called when the acceptor starts, every
 * minute while requests come, and when a ticket does not open. After ten seconds the call counts as
 * failed, and `signal` is aborted.
 *
 * @example
 * ```ts
 * import { createAcceptor, type KeytabProvider } from '@s4u/acceptor'
 *
 * const fromVault: KeytabProvider = async (signal) => {
 *   const response = await fetch('https://vault.ad.test/web.keytab', { signal })
 *   return new Uint8Array(await response.arrayBuffer())
 * }
 * const acceptor = createAcceptor({ keytab: fromVault })
 * await acceptor.ready()
 * ```
 */
export type KeytabProvider = (signal: AbortSignal) => ProvidedKeys | Promise<ProvidedKeys>

/** A keytab that a function of the app fetches. See `KeytabProvider` for when it is asked. */
export class ProvidedKeytab implements KeytabLocation {
  readonly name = 'the keytab provider'
  readonly #provider: KeytabProvider
  #answeredAt = -Infinity
  #urgentAt = -Infinity
  #hasGivenKeys = false
  #failure: S4uError | undefined

  constructor(provider: KeytabProvider) {
    this.#provider = provider
  }

  loadNow(): undefined {
    return undefined
  }

  async loadIfChanged(clock: () => number, urgent: boolean): Promise<Keytab | undefined> {
    if (!this.#isDue(clock(), urgent)) {
      if (this.#failure !== undefined) throw this.#failure
      return undefined
    }
    const countsAsUrgent = urgent && this.#hasGivenKeys
    try {
      const keytab = keytabOf(await withinLimit(PROVIDER_TIME_LIMIT, late, this.#provider), this.name)
      this.#failure = undefined
      this.#hasGivenKeys = true
      return keytab
    } catch (cause) {
      this.#failure = S4uError.is(cause) ? cause : providerFailed(cause)
      throw this.#failure
    } finally {
      // The time of the answer, not of the question: a slow provider also gets its pause.
      this.#answeredAt = clock()
      if (countsAsUrgent) this.#urgentAt = this.#answeredAt
    }
  }

  #isDue(now: number, urgent: boolean): boolean {
    const rest = Math.abs(now - this.#answeredAt)
    if (!this.#hasGivenKeys) return rest >= PROVIDER_RETRY_AT_START
    if (this.#failure !== undefined) return rest >= PROVIDER_RETRY
    if (urgent) return Math.abs(now - this.#urgentAt) >= PROVIDER_RETRY
    return rest >= PROVIDER_INTERVAL
  }
}

function late(): Error {
  return new Error(`no answer within ${PROVIDER_TIME_LIMIT} ms`)
}

function providerFailed(cause: unknown): ConfigurationError {
  return new ConfigurationError('the keytab provider failed', { code: 'KRB5_KT_IOERR', cause })
}

/**
 * How often a provider is called if nothing is wrong, in milliseconds. Providers usually ask a
 * vault.
 */
const PROVIDER_INTERVAL = 60_000

/**
 * How soon it is called again after a failure, or when several tickets do not open. The first such
 * ticket calls it at once, so that a changed key loses no request; an attacker who sends garbage
 * must not have the vault asked for each token.
 */
const PROVIDER_RETRY = 5_000

/** How soon it is called again while there are no keys at all: every request fails until then. */
const PROVIDER_RETRY_AT_START = 1_000

/**
 * How long a call may take: requests wait for it, and a provider that hangs must not pile them up.
 */
const PROVIDER_TIME_LIMIT = 10_000
