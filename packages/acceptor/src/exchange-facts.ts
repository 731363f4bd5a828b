/** What the record of an exchange says about its ticket: names and numbers, nothing that opens anything. */

import { encryptionTypeName } from '@s4u/krb5'
import type { Ticket } from '@s4u/krb5'
import type { AcceptedTicket } from './accepted-ticket.js'
import { clearTextName } from './clear-text-name.js'
import type { ExchangeEvent } from './events.js'
import { withheldOf } from './pac-authority/withheld.js'

/** What anybody can read on a ticket. */
export function sealedFactsOf(ticket: Ticket): Partial<ExchangeEvent> {
  const { etype, kvno } = ticket.encPart
  return { ticketService: clearTextName(ticket), encryptionType: encryptionTypeName(etype), kvno }
}

/** What the opened ticket says. */
export function factsOf(
  { principal: client, serviceKey, opened, pac }: AcceptedTicket,
  ticketSeenBefore: boolean,
  serviceSid: string | undefined,
): Partial<ExchangeEvent> {
  const sessionEncryptionType = encryptionTypeName(opened.encTicketPart.key.etype)
  const withheld = withheldOf(pac)
  const clientSid = pac?.userSid
  const sids = { ...(clientSid !== undefined && { clientSid }), ...(serviceSid !== undefined && { serviceSid }) }
  const { label: service } = serviceKey
  return { client, service, ...sids, sessionEncryptionType, ticketSeenBefore, ...(withheld && { withheld }) }
}
