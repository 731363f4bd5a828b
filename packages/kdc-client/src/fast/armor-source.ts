import { formatPrincipal, type Principal, sameRealmIgnoringCase } from '@s4u/krb5'
import type { KdcClock } from '../kdc-exchange.js'
import { realmAsked } from '../referral.js'
import type { ServiceTicket } from '../service-ticket.js'
import { isYoung, type TicketGranting } from '../ticket-granting.js'
import type { TrustedRealms } from '../trusted-realms.js'
import type { FastRealms } from './fast-realms.js'

/** Where ticket-granting tickets come from that armor the exchanges of others. */
export interface ArmorSource {
  /** Whose tickets they are: `host$@AD.TEST`. */
  readonly account: string
  readonly realms: FastRealms
  /** For the KDCs of the realm. @throws KdcError, KdcUnreachableError, RejectedTokenError, ConfigurationError */
  ticketFor(realm: string, signal: AbortSignal | undefined): Promise<ServiceTicket>
  /** Another one, where there can be one: not for a ticket that was got just now. @throws as `ticketFor` */
  inPlaceOf(refused: ServiceTicket, signal: AbortSignal | undefined): Promise<ServiceTicket | undefined>
}

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
