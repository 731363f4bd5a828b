import { type Key, type Keytab, type OptionTableOf, parsePrincipal, RejectedTokenError, samePrincipal } from '@s4u/krb5'
import type { VerifiedTicket } from './verified-ticket.js'
import type { TicketEvidence } from '../identity/evidence.js'

/**
 * What must be in a ticket to this service that the service itself asked a KDC for. What is left
 * out is not compared; but without the session key nothing ties the ticket to the KDC's reply, and
 * whoever sits in between may have put another one there.
 *
 *     const expected = { client: 'bob@AD.TEST', service: 'svc-web@AD.TEST', sessionKey }
 *     await acceptor.identify(ticket, 'asserted', expected)
 */
export interface ExpectedTicket {
  /** Whom it was asked for: `bob@AD.TEST`. */
  readonly client?: string
  /**
   * Who asked, by the name with which it signed in: `svc-web@AD.TEST`. One of its keys must have
   * opened the ticket, and none else of the keytab.
   */
  readonly service?: string
  /** The one that the KDC has sealed for whoever asked. Source: RFC 4120 section 5.4.2. */
  readonly sessionKey?: Key
  /**
   * `s4u2self` (default): the service asked for the ticket in the user's name, and the identity
   * bears the name of the account. `presented`: a client has shown it before, and the identity
   * bears the name in the ticket.
   */
  readonly origin?: TicketEvidence['origin']
  /**
   * The user as it was asked for, for `identity.requestedName`. Default: the name in the ticket.
   */
  readonly requestedName?: string
}

/** Every name in ExpectedTicket; another would be a comparison that is not made. */
export const EXPECTED_TICKET = {
  client: 'value',
  service: 'value',
  sessionKey: 'value',
  origin: 'value',
  requestedName: 'value',
} as const satisfies OptionTableOf<ExpectedTicket>

/** @throws RejectedTokenError KRB_AP_ERR_BADMATCH */
export function requireExpected(ticket: VerifiedTicket, expected: ExpectedTicket, keytab: Keytab): void {
  const { opened, principal, serviceKey } = ticket
  const { client, service, sessionKey } = expected
  if (sessionKey !== undefined && !sessionKey.equals(opened.encTicketPart.key))
    throw mismatch('its session key is not the one that came with it')
  if (client !== undefined && client !== principal) throw mismatch(`it names ${principal}, and ${client} was asked for`)
  if (service !== undefined && !isKeyOf(service, serviceKey.key, keytab))
    throw mismatch(`it opens with the key of ${serviceKey.label}, and ${service} asked for it`)
}

/** One account often stands in the keytab under several names, with the same key. */
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
