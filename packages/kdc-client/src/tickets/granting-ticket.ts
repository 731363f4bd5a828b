import type { ServiceTicket } from './service-ticket.js'
import type { Principal, PrincipalName } from '@s4u/krb5'

/** The realm whose KDC a ticket-granting ticket is for. */
export function realmAsked(tgt: ServiceTicket): string {
  return tgt.service.name.nameString[1]
}

export function isReferral({ nameString }: PrincipalName): boolean {
  return nameString.length === 2 && nameString[0] === 'krbtgt'
}

/** The service that grants tickets of a realm. */
export function ticketGrantingService(realm: string, of: string = realm): Principal {
  return { name: { nameType: 2, nameString: ['krbtgt', of] }, realm }
}

/** A ticket-granting ticket: the ticket for the service `krbtgt/REALM`, which other tickets are asked for with. */
export type Tgt = ServiceTicket
