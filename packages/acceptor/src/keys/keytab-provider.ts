import { ConfigurationError, type Keytab, S4uError } from '@s4u/krb5'
import { withinLimit } from '../async/time-limit.js'
import { keytabOf, type KeytabLocation, type ProvidedKeys } from './keytab-location.js'

/**
 * Asked when the acceptor starts, each minute while requests come, and when a ticket does not open.
 * It may take ten seconds: then `signal` says that nobody waits for it any more, and it counts as
 * failed.
 */
export type KeytabProvider = (signal: AbortSignal) => ProvidedKeys | Promise<ProvidedKeys>

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
      // When it has answered, and not when it was asked: one that takes its time is to have its
      // rest too.
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

/** Providers speak to a vault: how often one is asked without need, in milliseconds. */
const PROVIDER_INTERVAL = 60_000

/**
 * How soon again when it failed, or when one ticket after the other does not open. The first such
 * ticket has it asked at once, so that a key that was changed loses no request; but whoever sends
 * garbage must not have the vault asked each time.
 */
const PROVIDER_RETRY = 5_000

/** How soon again while there are no keys at all: nobody is served until then. */
const PROVIDER_RETRY_AT_START = 1_000

/** Requests wait meanwhile, and one that hangs must not pile them up. */
const PROVIDER_TIME_LIMIT = 10_000
