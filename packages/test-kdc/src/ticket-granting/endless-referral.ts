import type { Grant } from '../tickets/grant.js'
import type { Kdc } from '../kdc/kdc.js'
import { grantOrdinary } from './ordinary-ticket.js'
import { ticketGrantingName } from '../directory/referral.js'
import { ticketKeyOf } from '../directory/account.js'
import type { TgsRequest } from './tgs-request.js'

/**
 * Misbehaves: refers every request to a realm that does not exist, and from there to the next one.
 */
export function endlessReferral(kdc: Kdc, request: TgsRequest): Grant {
  const { realm, krbtgt } = kdc.directory
  request.exchange.outcome = 'referral'
  const sname = ticketGrantingName(`HOP-${++hops}.TEST`)
  const grant = grantOrdinary(kdc, { ...request, service: krbtgt, sname: ticketGrantingName(realm), trust: undefined })
  // The reply comes from the realm that was asked, so each realm of the chain has its own answer.
  const target = { realm: request.body.realm, sname, key: ticketKeyOf(krbtgt), kvno: krbtgt.kvno, ticketGranting: true }
  return { ...grant, target }
}

let hops = 0
