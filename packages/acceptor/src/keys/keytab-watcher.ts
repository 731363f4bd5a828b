import type { Keytab } from '@s4u/krb5'
import type { KeytabLocation } from './keytab-location.js'

/** What a place tells whoever watches it. */
export interface KeytabListener {
  /** There is another keytab than before. */
  changed(): void
  /** It cannot be had. A broken file is looked at each second; its error is news once. */
  failed(error: unknown): void
}

/**
 * A place of a keytab, with what it gave last. Each is looked at for itself: one that hangs holds
 * up no other.
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

  /** @throws ConfigurationError for what can be read without waiting */
  constructor(location: KeytabLocation, clock: () => number, listener: KeytabListener) {
    this.#location = location
    this.#clock = clock
    this.#listener = listener
    this.#keytab = location.loadNow()
  }

  /** Undefined until there is one. */
  get keytab(): Keytab | undefined {
    return this.#keytab
  }

  /** What went wrong with the last look. */
  get failure(): unknown {
    return this.#failure
  }

  /**
   * Takes over what has changed up to now. Never rejects. Calls that come together share one look.
   * @param urgent somebody is refused unless there is something new
   */
  refresh(urgent: boolean): Promise<void> {
    if (this.#refreshing === undefined) {
      this.#refreshing = this.#refreshNow(urgent).finally(() => (this.#refreshing = undefined))
      return this.#refreshing
    }
    this.#nextIsUrgent ||= urgent
    // A look that has begun may have missed what the caller is after.
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
      if (messageOf(error) !== messageOf(before)) this.#listener.failed(error)
      return
    }
    this.#listener.changed()
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
