import { Identity } from '@s4u/acceptor'
import { runAs } from '@s4u/fetch'
import { type CallerProfile, profileOf, type Profiles } from '../directory/profiles.js'
import type { Delegator } from './delegator.js'
import type { Impersonation } from './impersonation.js'

/**
 * A caller whom the service can act as, if the caller and the directory let it. Frozen; prints no
 * secret.
 *
 * @example
 * ```ts
 * import type { CallerIdentity } from '@s4u/negotiate'
 *
 * export async function ordersOf(identity: CallerIdentity) {
 *   using caller = identity.impersonate()
 *   const answer = await caller.fetch('https://api.ad.test/orders')
 *   return answer.json()
 * }
 * ```
 */
export class CallerIdentity extends Identity {
  readonly #delegator: Delegator
  readonly #profiles: Profiles | undefined

  constructor(identity: Identity, delegator: Delegator, profiles?: Profiles) {
    super(identity)
    this.#delegator = delegator
    this.#profiles = profiles
    Object.freeze(this)
  }

  /**
   * Resolves to what the directory says of the caller: display name, mail, department, names of
   * groups. The directory is asked then, and the answer is kept for five minutes; authentication
   * never waits for it.
   *
   * ```ts
   * import type { CallerIdentity } from '@s4u/negotiate'
   *
   * export async function greeting(caller: CallerIdentity): Promise<string> {
   *   return `Hello ${(await caller.profile()).displayName ?? caller.name}`
   * }
   * ```
   *
   * @throws ConfigurationError without the option `directory`; DirectoryError,
   * DirectoryUnreachableError
   */
  profile(): Promise<CallerProfile> {
    return profileOf(this, this.#profiles)
  }

  /**
   * Returns an impersonation of the caller. This is cheap and synchronous: the network is used by
   * the first `fetch`.
   *
   * ```ts
   * import type { CallerIdentity } from '@s4u/negotiate'
   *
   * export async function ordersOf(caller: CallerIdentity): Promise<unknown> {
   *   using as = caller.impersonate()
   *   const orders = await as.fetch('https://api.ad.test/orders')
   *   return orders.json()
   * }
   * ```
   */
  impersonate(): Impersonation
  /**
   * Runs `callback` with the caller as the ambient identity: the `fetch` of `@s4u/fetch` acts as
   * the caller in everything that the callback starts.
   */
  impersonate<T>(callback: (as: Impersonation) => T): T
  impersonate<T>(callback?: (as: Impersonation) => T): Impersonation | T {
    const impersonation = this.#delegator.impersonate(this)
    return callback === undefined ? impersonation : runAs(impersonation, () => callback(impersonation))
  }
}
