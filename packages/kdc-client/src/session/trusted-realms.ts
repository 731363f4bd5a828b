import { formatPrincipal, type Principal, RejectedTokenError, sameRealmIgnoringCase } from '@s4u/krb5'
import type { TicketCache } from '../cache/ticket-cache.js'
import { KdcError } from '../errors/kdc-errors.js'
import type { CacheMiss } from '../events/events.js'
import { type Capaths, requestForeignTgt } from '../tgs-exchange/referral.js'
import type { Tgt } from '../tickets/granting-ticket.js'
import type { ExchangeRunner } from './exchange-runner.js'
import type { OwnTgt } from './own-tgt.js'

export interface TrustedRealmsDeps {
  readonly self: Principal
  readonly etypes: readonly number[]
  readonly ownTgt: OwnTgt
  readonly exchanges: ExchangeRunner
  /** Keeps the ticket-granting tickets for other realms. */
  readonly own: TicketCache
  readonly capaths: Capaths
}

/**
 * The realms that the service's own KDC leads to by its referrals, which it seals.
 *
 * Only the KDCs of these realms are looked up and asked. Other people write the realm in a user
 * name, a ticket or an error. Without this check, an attacker could name a realm of his own: this
 * process would connect to his server and send its requests there.
 */
export class TrustedRealms {
  readonly #deps: TrustedRealmsDeps

  constructor(deps: TrustedRealmsDeps) {
    this.#deps = deps
  }

  /**
   * Returns the service's ticket-granting ticket for a realm: its own one, or one by referral,
   * which the cache keeps like other tickets.
   *
   * @throws KdcError, KdcUnreachableError, RejectedTokenError
   */
  async tgtFor(realm: string, signal: AbortSignal | undefined): Promise<Tgt> {
    const { self, etypes, ownTgt, exchanges, own, capaths } = this.#deps
    if (sameRealmIgnoringCase(realm, self.realm)) return ownTgt.get(signal)
    const target = `krbtgt/${realm}`
    const key = { kind: 'own', client: formatPrincipal(self), etypes, service: `${target}@${self.realm}` } as const
    const ask = (until: AbortSignal, cache: CacheMiss): Promise<Tgt> =>
      exchanges.run({ step: 'TGS', target, cache }, until, (context, tgt) =>
        requestForeignTgt(context, tgt, realm, capaths),
      )
    return own.get(key, ask, signal ? { signal } : {})
  }

  /**
   * Resolves to whether the service's KDC leads to the realm.
   *
   * @throws KdcUnreachableError when no KDC answers
   */
  async leadTo(realm: string, signal?: AbortSignal): Promise<boolean> {
    if (sameRealmIgnoringCase(realm, this.#deps.self.realm)) return true
    try {
      await this.tgtFor(realm, signal)
      return true
    } catch (error) {
      if (error instanceof KdcError || error instanceof RejectedTokenError) return false
      throw error
    }
  }
}
