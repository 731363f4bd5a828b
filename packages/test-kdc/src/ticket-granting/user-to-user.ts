import { type Key, openTicket, sameRealmIgnoringCase, type Ticket } from '@s4u/krb5'
import { ticketKeyOf } from '../directory/account.js'
import type { Kdc } from '../kdc/kdc.js'
import { isTicketGrantingService } from '../directory/referral.js'
import { refuse } from '../kdc/refusal.js'
import type { TgsRequest } from './tgs-request.js'

/**
 * Returns the session key of the TGT that the service has given to the client.
 * Source: RFC 4120 section 3.7.
 */
export function userToUserKey(kdc: Kdc, request: TgsRequest): Key {
  const { directory } = kdc
  const [second] = request.body.additionalTickets ?? []
  if (second === undefined) refuse('KDC_ERR_BADOPTION', 'the request has no additional ticket')
  const ours = directory.isOwnRealm(second.realm) && isTicketGrantingService(second.sname.nameString)
  if (!ours || !directory.isOwnRealm(second.sname.nameString[1]))
    refuse('KDC_ERR_POLICY', 'the additional ticket is not a TGT of this realm')
  const ticket = open(second, ticketKeyOf(directory.krbtgt))
  if (ticket.endtime <= kdc.now()) refuse('KRB_AP_ERR_TKT_EXPIRED', 'the additional ticket has expired')
  const local = sameRealmIgnoringCase(ticket.crealm, directory.realm)
  const holder = local ? directory.findClient(ticket.cname) : undefined
  if (holder === undefined || holder !== request.service)
    refuse('KDC_ERR_SERVER_NOMATCH', 'the additional ticket is not the service’s')
  return ticket.key
}

function open(ticket: Ticket, key: Key) {
  try {
    return openTicket(ticket, key).encTicketPart
  } catch {
    return refuse('KRB_AP_ERR_BAD_INTEGRITY', 'the additional ticket does not open')
  }
}
