/** What the record of an exchange says about its ticket: names and numbers, nothing that opens anything. */

import { encryptionTypeName } from '@s4u/krb5'
import type { Ticket } from '@s4u/krb5'
import type { AcceptedTicket } from './accepted-ticket.js'
import { clearTextName } from './clear-text-name.js'
import type { ExchangeEvent } from './events.js'

/** What anybody can read on a ticket. */
export function sealedFactsOf(ticket: Ticket): Partial<ExchangeEvent> {
  const { etype, kvno } = ticket.encPart
  return { ticketService: clearTextName(ticket), encryptionType: encryptionTypeName(etype), kvno }
}

/** What the opened ticket says. */
export function factsOf(
  { principal: client, serviceKey, opened }: AcceptedTicket,
  ticketSeenBefore: boolean,
): Partial<ExchangeEvent> {
  const sessionEncryptionType = encryptionTypeName(opened.encTicketPart.key.etype)
  return { client, service: serviceKey.label, sessionEncryptionType, ticketSeenBefore }
}
