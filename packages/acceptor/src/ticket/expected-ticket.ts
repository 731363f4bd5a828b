import { type Key, type Keytab, type OptionTableOf, parsePrincipal, RejectedTokenError, samePrincipal } from '@s4u/krb5'
import type { VerifiedTicket } from './verified-ticket.js'
import type { TicketEvidence } from '../identity/evidence.js'

/**
 * What must be in a ticket that the service has asked a KDC for. A member that is left out is not
 * compared. Without `sessionKey` nothing ties the ticket to the KDC's reply, and an attacker in
 * between may have replaced the ticket.
 *
 * @example
 * ```ts
 * import type { Acceptor, ExpectedTicket, Identity } from '@s4u/acceptor'
 * import type { Key, Ticket } from '@s4u/krb5'
 *
 * export async function identityOf(
 *   acceptor: Acceptor,
 *   answer: { readonly ticket: Ticket; readonly sessionKey: Key },
 * ): Promise<Identity> {
 *   const { ticket, sessionKey } = answer
 *   const service = 'svc-web@AD.TEST'
 *   const expected: ExpectedTicket = { client: 'bob@AD.TEST', service, sessionKey }
 *   return acceptor.identify(ticket, 'asserted', expected)
 * }
 * ```
 */
export interface ExpectedTicket {
  /** The user for whom the ticket was asked: `bob@AD.TEST`. */
  readonly client?: string
  /**
   * The service that asked, by the name with which it signed in: `svc-web@AD.TEST`. One of its keys
   * must have opened the ticket; other keys of the keytab do not count.
   */
  readonly service?: string
  /** The session key that the KDC has sealed for the service. Source: RFC 4120 section 5.4.2. */
  readonly sessionKey?: Key
  /**
   * `s4u2self` (default): the service asked for the ticket in the user's name, and the identity has
   * the name of the account. `presented`: a client showed the ticket earlier, and the identity has
   * the name in the ticket.
   */
  readonly origin?: TicketEvidence['origin']
  /**
   * The name by which the app asked for the user, for `identity.requestedName`. Default: the name
   * in the ticket.
   */
  readonly requestedName?: string
}

/**
 * Every name in ExpectedTicket. Other names are refused: each would be a comparison that is not
 * made.
 */
export const EXPECTED_TICKET = {
  client: 'value',
  service: 'value',
  sessionKey: 'value',
  origin: 'value',
  requestedName: 'value',
} as const satisfies OptionTableOf<ExpectedTicket>

/**
 * Requires that the ticket is the expected one.
 * @throws RejectedTokenError KRB_AP_ERR_BADMATCH
 */
export function requireExpected(ticket: VerifiedTicket, expected: ExpectedTicket, keytab: Keytab): void {
  const { opened, principal, serviceKey } = ticket
  const { client, service, sessionKey } = expected
  if (sessionKey !== undefined && !sessionKey.equals(opened.encTicketPart.key))
    throw mismatch('its session key is not the one that came with it')
  if (client !== undefined && client !== principal) throw mismatch(`it names ${principal}, and ${client} was asked for`)
  if (service !== undefined && !isKeyOf(service, serviceKey.key, keytab))
    throw mismatch(`it opens with the key of ${serviceKey.label}, and ${service} asked for it`)
}

/**
 * Returns whether a key is one of the service's: one account often stands in the keytab under
 * several names, with the same key.
 */
function isKeyOf(service: string, key: Key, { entries }: Keytab): boolean {
  const owner = parsePrincipal(service)
  return entries.some((entry) => samePrincipal(entry.principal, owner) && entry.key.equals(key))
}

function mismatch(why: string): RejectedTokenError {
  return new RejectedTokenError(`the ticket is not the one that was asked for: ${why}`, {
    code: 'KRB_AP_ERR_BADMATCH',
    hint: 'Something between here and the KDC has put another ticket into its reply.',
  })
}
