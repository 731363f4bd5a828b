import { formatPrincipal, type Principal, RejectedTokenError, sameRealmIgnoringCase } from '@s4u/krb5'
import { KdcError } from '../errors/kdc-errors.js'
import type { CacheMiss } from '../events/events.js'
import type { Answered, Exchanges } from './exchange-runner.js'
import { type Capaths, type GrantingOutcome, requestForeignTgt } from '../tgs-exchange/referral.js'
import type { ServiceTicket } from '../tickets/service-ticket.js'
import type { TicketCache } from '../cache/ticket-cache.js'
import type { TicketGranting } from './ticket-granting.js'

export interface TrustedRealmsDeps {
  readonly self: Principal
  readonly etypes: readonly number[]
  readonly granting: TicketGranting
  readonly exchanges: Exchanges
  /** Where the tickets for the ways are kept. */
  readonly own: TicketCache
  readonly capaths: Capaths
}

/**
 * The realms that the own KDC leads to: with its tickets, which it seals, and not with what anybody
 * says of realms. Only their KDCs are looked up and asked. A name that comes from a user, a ticket
 * or an error would else have this process connect to where its sender likes, and show it what it
 * asks.
 */
export class TrustedRealms {
  private readonly deps: TrustedRealmsDeps

  constructor(deps: TrustedRealmsDeps) {
    this.deps = deps
  }

  /**
   * The service's ticket-granting ticket for a realm: its own, or one by referral, which is kept
   * like any ticket.
   */
  async tgtFor(realm: string, signal: AbortSignal | undefined): Promise<ServiceTicket> {
    const { self, etypes, granting, exchanges, own, capaths } = this.deps
    if (sameRealmIgnoringCase(realm, self.realm)) return granting.tgt(signal)
    const target = `krbtgt/${realm}`
    const key = { kind: 'own', client: formatPrincipal(self), etypes, service: `${target}@${self.realm}` } as const
    const ask = (until: AbortSignal, cache: CacheMiss): Promise<ServiceTicket> =>
      exchanges.run({ step: 'TGS', target, cache }, until, async (context, tgt) =>
        asAnswered(await requestForeignTgt(context, tgt, realm, capaths)),
      )
    return own.get(key, ask, signal ? { signal } : {})
  }

  /**
   * Whether there is a way to the realm. @throws KdcUnreachableError when that cannot be found out
   */
  async leadTo(realm: string, signal?: AbortSignal): Promise<boolean> {
    if (sameRealmIgnoringCase(realm, this.deps.self.realm)) return true
    try {
      await this.tgtFor(realm, signal)
      return true
    } catch (error) {
      if (error instanceof KdcError || error instanceof RejectedTokenError) return false
      throw error
    }
  }
}

function asAnswered(outcome: GrantingOutcome): Answered {
  return 'tgt' in outcome ? { ticket: outcome.tgt } : outcome
}
