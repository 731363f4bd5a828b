import { Identity } from '@s4u/acceptor'
import { runAs } from '@s4u/fetch'
import type { Delegator } from './delegator.js'
import type { Impersonation } from './impersonation.js'

/**
 * A caller whom the service can act as, if the caller and the directory let it. Frozen; prints no
 * secret.
 */
export class CallerIdentity extends Identity {
  readonly #delegator: Delegator

  constructor(identity: Identity, delegator: Delegator) {
    super(identity)
    this.#delegator = delegator
    Object.freeze(this)
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
