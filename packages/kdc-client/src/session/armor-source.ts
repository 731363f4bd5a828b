import { formatPrincipal, type Principal, sameRealmIgnoringCase } from '@s4u/krb5'
import type { KdcClock } from '../exchange/kdc-clock.js'
import { realmAsked } from '../tickets/granting-ticket.js'
import type { ServiceTicket } from '../tickets/service-ticket.js'
import { isYoung, type TicketGranting } from './ticket-granting.js'
import type { TrustedRealms } from './trusted-realms.js'
import type { ArmorSource } from '../fast/sign-in-armor.js'

export interface ArmorSourceDeps {
  readonly self: Principal
  readonly clock: KdcClock
  readonly granting: TicketGranting
  readonly trusted: TrustedRealms
  readonly own: { discard(tgt: ServiceTicket): void }
}

/** The tickets of one client: its own ticket-granting ticket, and those for realms that its KDC leads to. */
export function armorOfClient({ self, clock, granting, trusted, own }: ArmorSourceDeps): ArmorSource {
  return {
    account: formatPrincipal(self),
    realms: granting.fast,
    ticketFor: (realm, signal) => trusted.tgtFor(realm, signal),
    async inPlaceOf(refused, signal) {
      const realm = realmAsked(refused)
      if (sameRealmIgnoringCase(realm, self.realm))
        return (await granting.replace(refused, signal)) ? granting.tgt(signal) : undefined
      if (isYoung(refused, clock.now())) return undefined
      own.discard(refused)
      return trusted.tgtFor(realm, signal)
    },
  }
}
