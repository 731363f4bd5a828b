import { ConfigurationError, Keytab, S4uError } from '@s4u/krb5'
import type { AcceptorEvents } from './events.js'
import type { KeytabPlace } from './keytab-source.js'
import { ServiceKeys } from './service-keys.js'
import type { ServiceKeyPolicy } from './service-keys.js'

/** How often a keytab file is looked at while requests come, in milliseconds. */
const CHECK_INTERVAL = 1_000

/**
 * The service's keys as they are now. A keytab that changes is read again without stopping anything; one that cannot be
 * read any more, or lost the service, is reported and the keys stay what they were.
 */
export class KeyRing {
  readonly #places: readonly KeytabPlace[]
  readonly #policy: ServiceKeyPolicy
  readonly #events: AcceptorEvents
  readonly #parts: (Keytab | undefined)[]
  readonly #name: string
  #keytab = new Keytab([])
  #current: ServiceKeys | undefined
  #checkedAt = -Infinity
  #checking: Promise<void> | undefined
  #nextCheck: Promise<void> | undefined
  #starting: Promise<ServiceKeys> | undefined
  #lastFailure = ''

  /** @throws ConfigurationError, MissingKeyError for what can be read without waiting */
  constructor(places: readonly KeytabPlace[], policy: ServiceKeyPolicy, events: AcceptorEvents) {
    this.#places = places
    this.#policy = policy
    this.#events = events
    this.#name = places.map(({ name }) => name).join(', ')
    this.#parts = places.map((place) => place.loadNow())
    this.#current = this.#build()
  }

  /** Undefined until a provider has given its keytab. */
  get current(): ServiceKeys | undefined {
    return this.#current
  }

  /** The whole keytab that `current` is made of: the account's entries accept no tickets, but sign in. Empty before there is one. */
  get keytab(): Keytab {
    return this.#keytab
  }

  /** Waits for keys. Calls that come together share one wait. @throws ConfigurationError, MissingKeyError */
  ready(now: number): Promise<ServiceKeys> {
    this.#starting ??= this.#start(now).finally(() => (this.#starting = undefined))
    return this.#starting
  }

  /** Looks at the keytab in the background when that is due. */
  checkNowAndThen(now: number): void {
    // In both directions: a clock that was set back must not stop the checks.
    if (this.#current === undefined || Math.abs(now - this.#checkedAt) < CHECK_INTERVAL) return
    this.#checkedAt = now
    void this.refresh(now)
  }

  /** Reads what has changed up to now. Never throws. Calls that come together share one look. */
  refresh(now: number): Promise<void> {
    if (this.#checking === undefined) {
      this.#checking = this.#refresh(now).finally(() => (this.#checking = undefined))
      return this.#checking
    }
    // A look that has begun may have missed what the caller is after.
    this.#nextCheck ??= this.#checking.then(() => {
      this.#nextCheck = undefined
      return this.refresh(now)
    })
    return this.#nextCheck
  }

  async #start(now: number): Promise<ServiceKeys> {
    if (this.#current === undefined) {
      const { failure } = await this.#load(now)
      if (failure !== undefined) throw failure.reason
      this.#current = this.#build()
    }
    if (this.#current === undefined) throw new ConfigurationError(`${this.#name} gave no keytab`)
    return this.#current
  }

  async #refresh(now: number): Promise<void> {
    try {
      const { changed, failure } = await this.#load(now)
      if (changed) this.#use(this.#build())
      if (failure !== undefined) throw failure.reason
      if (changed) this.#lastFailure = ''
    } catch (error) {
      this.#reportOnce(error)
    }
  }

  #use(keys: ServiceKeys | undefined): void {
    if (keys === undefined) return
    this.#current = keys
    this.#events.publish({ kind: 'keytab-reloaded', source: this.#name, principals: keys.principals })
  }

  /** One place that cannot be read must not hide that another has changed. */
  async #load(now: number): Promise<{ changed: boolean; failure: PromiseRejectedResult | undefined }> {
    const results = await Promise.allSettled(this.#places.map((place) => place.loadIfChanged(now)))
    let changed = false
    for (const [index, result] of results.entries()) {
      if (result.status === 'rejected' || result.value === undefined) continue
      this.#parts[index] = result.value
      changed = true
    }
    return { changed, failure: results.find((result) => result.status === 'rejected') }
  }

  #build(): ServiceKeys | undefined {
    const keytabs = this.#parts.filter((part) => part !== undefined)
    if (keytabs.length < this.#parts.length) return undefined
    const merged = Keytab.merge(keytabs)
    const keys = new ServiceKeys(merged, this.#policy, this.#name, this.#current)
    this.#keytab = merged
    return keys
  }

  /** A broken file is looked at each second; its error is news once. */
  #reportOnce(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error)
    if (message === this.#lastFailure) return
    this.#lastFailure = message
    const code = S4uError.is(error) ? error.code : 'KRB5_KT_IOERR'
    this.#events.publish({ kind: 'keytab-reload-failed', source: this.#name, code, message })
  }
}
