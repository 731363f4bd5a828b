import type { Grant } from '../tickets/grant.js'
import type { Kdc } from '../kdc/kdc.js'
import { grantOrdinary } from './ordinary-ticket.js'
import { ticketGrantingName } from '../directory/referral.js'
import { ticketKeyOf } from '../directory/account.js'
import type { TgsRequest } from './tgs-request.js'

/** Misbehaviour: a TGT for a realm that nobody has heard of, and from there to the next, whatever is asked and of whichever of them. */
export function endlessReferral(kdc: Kdc, request: TgsRequest): Grant {
  const { realm, krbtgt } = kdc.directory
  request.exchange.outcome = 'referral'
  const sname = ticketGrantingName(`HOP-${++hops}.TEST`)
  const grant = grantOrdinary(kdc, { ...request, service: krbtgt, sname: ticketGrantingName(realm), trust: undefined })
  // Each of these realms speaks for itself.
  const target = { realm: request.body.realm, sname, key: ticketKeyOf(krbtgt), kvno: krbtgt.kvno, ticketGranting: true }
  return { ...grant, target }
}

let hops = 0
