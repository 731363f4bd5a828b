import { type Keytab, printableMessage } from '@s4u/krb5'
import type { KeytabLocation } from './keytab-location.js'

/** Told about changes of a keytab. */
export interface KeytabListener {
  /** The keytab has changed. */
  changed(): void
  /**
   * The keytab cannot be read. A broken file is checked every second; the same error is reported
   * once.
   */
  failed(error: unknown): void
}

/**
 * Watches one location of a keytab, and keeps what it held last. Each location has its own watcher,
 * so that one that hangs delays no other.
 */
export class KeytabWatcher {
  readonly #location: KeytabLocation
  readonly #clock: () => number
  readonly #listener: KeytabListener
  #keytab: Keytab | undefined
  #failure: unknown
  #refreshing: Promise<void> | undefined
  #nextRefresh: Promise<void> | undefined
  #nextIsUrgent = false

  /**
   * Reads the keytab if that needs no waiting.
   * @throws ConfigurationError
   */
  constructor(location: KeytabLocation, clock: () => number, listener: KeytabListener) {
    this.#location = location
    this.#clock = clock
    this.#listener = listener
    this.#keytab = location.loadNow()
  }

  /** The keytab; undefined until there is one. */
  get keytab(): Keytab | undefined {
    return this.#keytab
  }

  /** The error of the last check, if it failed. */
  get failure(): unknown {
    return this.#failure
  }

  /**
   * Reads the keytab if it has changed. Never rejects. Calls at the same time share one check.
   * @param urgent a request will be refused unless there is a new keytab
   */
  refresh(urgent: boolean): Promise<void> {
    if (this.#refreshing === undefined) {
      this.#refreshing = this.#refreshNow(urgent).finally(() => (this.#refreshing = undefined))
      return this.#refreshing
    }
    this.#nextIsUrgent ||= urgent
    // A check that has already begun may have missed the change that the caller needs.
    this.#nextRefresh ??= this.#refreshing.then(() => {
      const isUrgent = this.#nextIsUrgent
      this.#nextRefresh = undefined
      this.#nextIsUrgent = false
      return this.refresh(isUrgent)
    })
    return this.#nextRefresh
  }

  async #refreshNow(urgent: boolean): Promise<void> {
    const before = this.#failure
    try {
      const keytab = await this.#location.loadIfChanged(this.#clock, urgent)
      this.#failure = undefined
      if (keytab === undefined) return
      this.#keytab = keytab
    } catch (error) {
      this.#failure = error
      if (printableMessage(error) !== printableMessage(before)) this.#listener.failed(error)
      return
    }
    this.#listener.changed()
  }
}
