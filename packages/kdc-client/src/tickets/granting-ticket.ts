import type { ServiceTicket } from './service-ticket.js'
import type { Principal, PrincipalName } from '@s4u/krb5'

/** Returns the realm whose KDC accepts a ticket-granting ticket. */
export function realmAsked(tgt: ServiceTicket): string {
  return tgt.service.name.nameString[1]
}

/** Returns whether a name is that of a ticket-granting service. */
export function isReferral({ nameString }: PrincipalName): boolean {
  return nameString.length === 2 && nameString[0] === 'krbtgt'
}

/**
 * Returns the name of the ticket-granting service of a realm, `krbtgt/REALM`.
 *
 * @param of the realm whose KDC accepts the ticket, if it is another one
 */
export function ticketGrantingService(realm: string, of: string = realm): Principal {
  return { name: { nameType: 2, nameString: ['krbtgt', of] }, realm }
}

/**
 * A ticket-granting ticket: the ticket for the service `krbtgt/REALM`, which other tickets are
 * asked for with.
 */
export type Tgt = ServiceTicket
