import { formatPrincipal, type Principal, sameRealmIgnoringCase } from '@s4u/krb5'
import type { KdcClock } from '../exchange/kdc-clock.js'
import type { ArmorSource } from '../fast/sign-in-armor.js'
import { realmAsked, type Tgt } from '../tickets/granting-ticket.js'
import { isYoung, type OwnTgt } from './own-tgt.js'
import type { TrustedRealms } from './trusted-realms.js'

export interface ArmorSourceDeps {
  readonly self: Principal
  readonly clock: KdcClock
  readonly ownTgt: OwnTgt
  readonly trusted: TrustedRealms
  readonly own: { discard(tgt: Tgt): void }
}

/**
 * Returns the tickets of one client as armor for the sign-ins of others: its own ticket-granting
 * ticket, and those for realms that its KDC leads to.
 */
export function armorOfClient({ self, clock, ownTgt, trusted, own }: ArmorSourceDeps): ArmorSource {
  return {
    account: formatPrincipal(self),
    realms: ownTgt.fast,
    ticketFor: (realm, signal) => trusted.tgtFor(realm, signal),
    async inPlaceOf(refused, signal) {
      const realm = realmAsked(refused)
      if (sameRealmIgnoringCase(realm, self.realm))
        return (await ownTgt.tryForAnother(refused, signal)) ? ownTgt.get(signal) : undefined
      if (isYoung(refused, clock.now())) return undefined
      own.discard(refused)
      return trusted.tgtFor(realm, signal)
    },
  }
}
