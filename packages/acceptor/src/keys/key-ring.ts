import { ConfigurationError, Keytab, noticeOfLeftOut, printableMessage, S4uError } from '@s4u/krb5'
import type { Ticket } from '@s4u/krb5'
import type { AcceptorEvents } from '../events/events.js'
import type { KeytabLocation } from './keytab-location.js'
import type { ServiceKeyPolicy } from './entries-of-service.js'
import { notServed } from './served-names.js'
import { type ServiceKey, ServiceKeys } from './service-keys.js'
import { KeytabWatcher } from './keytab-watcher.js'

/** How often a keytab is checked for changes while requests come, in milliseconds. */
const CHECK_INTERVAL = 1_000

/**
 * How long requests wait for such a check, in milliseconds. A file takes less than one millisecond,
 * and a slow vault must not hold up requests for long.
 */
const RELOAD_WAIT = 250

/**
 * The same after a time without requests. A stolen key may have been removed from the keytab
 * meanwhile, and its thief may send the first request. In milliseconds.
 */
const RELOAD_WAIT_AFTER_IDLE = 2_000
/**
 * After this time without a request the longer wait applies, in milliseconds: the keytab has not
 * been looked at meanwhile.
 */
const IDLE_AFTER = 10_000

/** What a key ring needs beside its keytabs. */
export interface KeyRingDeps {
  readonly events: AcceptorEvents
  /** The clock, in milliseconds since the epoch. */
  readonly now: () => number
}

/**
 * Holds the service's present keys. A keytab that changes is read again while requests go on. A
 * keytab that cannot be read any more, or has lost the service, is reported, and the old keys stay
 * in use.
 */
export class KeyRing {
  readonly #watchers: readonly KeytabWatcher[]
  readonly #policy: ServiceKeyPolicy
  readonly #deps: KeyRingDeps
  readonly #name: string
  readonly #waiting = new Set<() => void>()
  #keytab = new Keytab([])
  #current: ServiceKeys | undefined
  #checkedAt = -Infinity
  /** The check that requests wait for. */
  #checking: Promise<void> | undefined
  #starting: Promise<ServiceKeys> | undefined
  #reportedLeftOut: string | undefined

  /**
   * Reads what can be read without waiting.
   * @throws ConfigurationError, MissingKeyError
   */
  constructor(locations: readonly KeytabLocation[], policy: ServiceKeyPolicy, deps: KeyRingDeps) {
    this.#policy = policy
    this.#deps = deps
    this.#name = locations.map(({ name }) => name).join(', ')
    const listener = { changed: () => this.#rebuild(), failed: (error: unknown) => this.#report(error) }
    this.#watchers = locations.map((location) => new KeytabWatcher(location, deps.now, listener))
    this.#current = this.#build()
  }

  /** The keys; undefined until a keytab provider has answered. */
  get current(): ServiceKeys | undefined {
    return this.#current
  }

  /**
   * The whole keytab that `current` is made from. It may also hold keys of an account, which accept
   * no tickets but sign in to a KDC. Empty until a keytab provider has answered.
   */
  get keytab(): Keytab {
    return this.#keytab
  }

  /**
   * Resolves to the keys when they are there. Calls at the same time share one wait.
   * @throws ConfigurationError, MissingKeyError
   */
  ready(): Promise<ServiceKeys> {
    this.#starting ??= this.#start().finally(() => (this.#starting = undefined))
    return this.#starting
  }

  /**
   * Checks the keytab if that is due. The caller must wait for the promise, so that a key that was
   * removed is not accepted any more.
   */
  checkWhenDue(now: number): Promise<void> | undefined {
    // The absolute difference: a clock that was set back must not stop the checks.
    const since = Math.abs(now - this.#checkedAt)
    if (this.#current === undefined || since < CHECK_INTERVAL) return this.#checking
    this.#checkedAt = now
    const checking = within(since < IDLE_AFTER ? RELOAD_WAIT : RELOAD_WAIT_AFTER_IDLE, this.#look(false)).finally(
      () => {
        if (this.#checking === checking) this.#checking = undefined
      },
    )
    this.#checking = checking
    return checking
  }

  /**
   * Resolves to newer keys than these, which did not open a ticket; undefined if there are none.
   * Never rejects.
   */
  async newerThan(keys: ServiceKeys): Promise<ServiceKeys | undefined> {
    if (this.#current === keys) {
      const { promise, resolve } = deferred()
      this.#waiting.add(resolve)
      // The first new keys are enough: a slow keytab provider must not delay the answer when a file
      // has changed.
      await Promise.race([promise, this.#look(true)])
      this.#waiting.delete(resolve)
    }
    return this.#current === keys ? undefined : this.#current
  }

  /**
   * Checks the name on an opened ticket against a keytab that is read again: the name may have been
   * added since the last check.
   * @throws RejectedTokenError KRB_AP_ERR_NOT_US
   */
  async requireNewName(ticket: Ticket, { label }: ServiceKey): Promise<void> {
    const newer = this.#current && (await this.newerThan(this.#current))
    if (!newer?.serves(ticket)) throw notServed(ticket, label)
  }

  async #look(urgent: boolean): Promise<void> {
    await Promise.all(this.#watchers.map((watcher) => watcher.refresh(urgent)))
  }

  async #start(): Promise<ServiceKeys> {
    if (this.#current === undefined) {
      await this.#look(true)
      const missing = this.#watchers.find(({ keytab }) => keytab === undefined)
      if (missing !== undefined) throw missing.failure
      this.#current = this.#build()
    }
    if (this.#current === undefined) throw new ConfigurationError(`${this.#name} gave no keytab`)
    return this.#current
  }

  /**
   * Uses the changed keytab. Before the first keys are there, `ready` does this for those who wait,
   * and may fail.
   */
  #rebuild(): void {
    if (this.#current === undefined) return
    try {
      this.#use(this.#build())
    } catch (error) {
      this.#report(error)
    }
  }

  #use(keys: ServiceKeys | undefined): void {
    if (keys === undefined) return
    this.#current = keys
    for (const resolve of this.#waiting) resolve()
    this.#deps.events.publish({ kind: 'keytab-reloaded', source: this.#name, principals: keys.principals })
  }

  #build(): ServiceKeys | undefined {
    const keytabs = this.#watchers.map(({ keytab }) => keytab).filter((keytab) => keytab !== undefined)
    if (keytabs.length < this.#watchers.length) return undefined
    const merged = Keytab.merge(keytabs, this.#name)
    const keys = new ServiceKeys(merged, this.#policy, this.#name, this.#current)
    this.#keytab = merged
    this.#reportLeftOut(merged)
    return keys
  }

  /** Reports the records that were left out, once for the same records. */
  #reportLeftOut({ leftOut }: Keytab): void {
    const notice = noticeOfLeftOut('keytab', this.#name, leftOut)
    if (notice !== undefined && notice.message !== this.#reportedLeftOut) this.#deps.events.publish(notice)
    this.#reportedLeftOut = notice?.message
  }

  #report(error: unknown): void {
    if (this.#current === undefined) return
    const message = printableMessage(error)
    const code = S4uError.is(error) ? error.code : 'KRB5_KT_IOERR'
    this.#deps.events.publish({ kind: 'keytab-reload-failed', source: this.#name, code, message })
  }
}

/** Resolves with the promise, or when the time is over. */
function within(milliseconds: number, promise: Promise<void>): Promise<void> {
  const { promise: over, resolve } = deferred()
  const timer = setTimeout(resolve, milliseconds)
  return Promise.race([promise, over]).finally(() => clearTimeout(timer))
}

function deferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => {}
  const promise = new Promise<void>((settle) => (resolve = settle))
  return { promise, resolve }
}
