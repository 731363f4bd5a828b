import { KdcOption } from '@s4u/krb5'
import { ticketKeyOf } from '../directory/account.js'
import type { Kdc } from '../kdc/kdc.js'
import { isTicketGrantingService, ticketGrantingName } from '../directory/referral.js'
import { refuse } from '../kdc/refusal.js'
import type { TgsRequest } from './tgs-request.js'
import type { TicketTarget } from '../tickets/ticket-seal.js'
import { userToUserKey } from './user-to-user.js'

/**
 * Returns the service that the ticket is sealed for: a service of this realm, this KDC, the KDC of
 * the next realm, or, user to user, the holder of a TGT.
 */
export function targetOf(kdc: Kdc, request: TgsRequest): TicketTarget {
  const { service, trust, sname, exchange } = request
  const { realm, krbtgt } = kdc.directory
  if (trust !== undefined) {
    if (!isTicketGrantingService(sname.nameString)) exchange.outcome = 'referral'
    return { realm, sname: ticketGrantingName(trust.realm), key: trust.outbound, ticketGranting: true }
  }
  if (request.asks(KdcOption.ENC_TKT_IN_SKEY)) {
    return { realm, sname, key: userToUserKey(kdc, request), ticketGranting: false }
  }
  const account = service ?? krbtgt
  // A user without an SPN is a service only user to user, as in Active Directory.
  if (account.kind === 'user') refuse('KDC_ERR_S_PRINCIPAL_UNKNOWN', `${account.name} has no service principal name`)
  const ticketGranting = isTicketGrantingService(sname.nameString)
  const name = ticketGranting ? ticketGrantingName(realm) : sname
  return { realm, sname: name, key: ticketKeyOf(account), kvno: account.kvno, ticketGranting }
}
