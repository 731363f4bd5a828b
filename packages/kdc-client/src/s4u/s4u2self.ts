/**
 * S4U2Self: a ticket for the service itself, in the name of a user who signed in by other means.
 * Source: MS-SFU section 3.1.5.1.
 */

import {
  formatName,
  formatPrincipal,
  NameType,
  type Principal,
  type PrincipalName,
  RejectedTokenError,
  sameRealmIgnoringCase,
} from '@s4u/krb5'
import type { KdcContext } from '../exchange/kdc-context.js'
import { isForAnotherKdc, Itinerary } from '../tgs-exchange/referral.js'
import { realmAsked } from '../tickets/granting-ticket.js'
import { confirmedUser, s4uPadata } from './s4u-padata.js'
import { nameOfUser, type S4uUser } from '../tickets/s4u-user.js'
import type { ServiceTicket } from '../tickets/service-ticket.js'
import { requestTicket, type TgsRefusal } from '../tgs-exchange/tgs-exchange.js'

export interface S4u2selfRequest {
  /** A ticket-granting ticket for the user's realm. */
  readonly tgt: ServiceTicket
  /** The service that asks, under the name with which it signed in. */
  readonly service: Principal
  readonly user: S4uUser
  /**
   * The request is armored. Needed if there is no key to decrypt the ticket with, since nothing
   * else proves the reply then.
   */
  readonly isArmored?: boolean
}

/**
 * The ticket, or the refusal. `isSigned`: the KDC has signed the name of the user, which says
 * nothing about the ticket beside it. `isArmored`: the reply was armored, which authenticates both.
 */
export type S4u2selfOutcome =
  | { readonly ticket: ServiceTicket; readonly isSigned: boolean; readonly isArmored: boolean }
  | TgsRefusal

/**
 * Asks the KDC of the user's realm, which is the only one that knows the user, and follows its
 * referrals back to the realm of the service. In other realms the service has an enterprise name.
 * Only the first KDC is sent a certificate, and says whose it is. Source: MS-SFU section 3.1.5.1.1.
 */
export async function requestS4u2self(context: KdcContext, request: S4u2selfRequest): Promise<S4u2selfOutcome> {
  const { service, isArmored = false } = request
  let { tgt, user } = request
  const itinerary = new Itinerary(nameOfUser(user, service.realm), realmAsked(tgt))
  for (;;) {
    const realm = realmAsked(tgt)
    const sname = nameIn(realm, service)
    let isSigned = false
    const outcome = await requestTicket(context, {
      tgt,
      sname,
      mayRefer: true,
      isArmored,
      padata: (binding) => s4uPadata(user, realm, binding),
      expectedClient: (reply) => {
        const confirmed = confirmedUser(user, reply)
        isSigned = confirmed.isSigned
        return confirmed.client
      },
      onReferral: (reply) => {
        if (user.certificate) user = { principal: ownUserOf(realm, confirmedUser(user, reply).client) }
      },
    })
    if ('refused' in outcome) return outcome
    if (!isForAnotherKdc(outcome.ticket, sname))
      return { ticket: outcome.ticket, isSigned, isArmored: outcome.isArmored }
    tgt = outcome.ticket
    itinerary.enter(realmAsked(tgt))
  }
}

/**
 * Returns the owner of a certificate. A KDC knows the certificates of its own realm, and cannot
 * speak for other realms.
 *
 * @throws RejectedTokenError KRB_AP_ERR_BADMATCH
 */
function ownUserOf(realm: string, user: Principal): Principal {
  if (sameRealmIgnoringCase(user.realm, realm)) return user
  throw new RejectedTokenError(
    `S4U2Self: the KDC of ${realm} says that the certificate is that of ${formatPrincipal(user)}`,
    {
      code: 'KRB_AP_ERR_BADMATCH',
      hint: `Map the certificate to an account of ${realm}, or name the user.`,
    },
  )
}

function nameIn(realm: string, service: Principal): PrincipalName {
  if (sameRealmIgnoringCase(realm, service.realm)) return service.name
  return { nameType: NameType.ENTERPRISE, nameString: [`${formatName(service.name)}@${service.realm}`] }
}
