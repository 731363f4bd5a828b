/** What an exchange event says about a ticket: names and numbers, and no keys. */

import { encryptionTypeName } from '@s4u/krb5'
import type { Ticket } from '@s4u/krb5'
import type { VerifiedTicket } from './verified-ticket.js'
import { clearTextName } from '../keys/clear-text-name.js'
import type { ExchangeFacts } from '../events/exchange-record.js'
import { withheldOf } from '../pac-authority/withheld.js'

/** Returns what stands on a ticket in clear text. */
export function clearTextFactsOf(ticket: Ticket): ExchangeFacts {
  const { etype, kvno } = ticket.encPart
  return { ticketService: clearTextName(ticket), encryptionType: encryptionTypeName(etype), kvno }
}

/** Returns what the opened ticket says. */
export function factsOf(
  { principal: client, serviceKey, opened, pac }: VerifiedTicket,
  ticketSeenBefore: boolean,
  serviceSid: string | undefined,
): ExchangeFacts {
  const sessionEncryptionType = encryptionTypeName(opened.encTicketPart.key.etype)
  const withheld = withheldOf(pac)
  const clientSid = pac?.userSid
  const sids = { ...(clientSid !== undefined && { clientSid }), ...(serviceSid !== undefined && { serviceSid }) }
  const { label: service } = serviceKey
  return { client, service, ...sids, sessionEncryptionType, ticketSeenBefore, ...(withheld && { withheld }) }
}
