/** S4U2Self: a ticket to the service itself in the name of a user who proved who he is by other means. Source: MS-SFU section 3.1.5.1. */

import {
  type EncTicketPart,
  formatName,
  formatPrincipal,
  hasFlag,
  NameType,
  openTicket,
  type Principal,
  type PrincipalName,
  RejectedTokenError,
  samePrincipal,
  sameRealmIgnoringCase,
  type Ticket,
  TicketFlag,
} from '@s4u/krb5'
import type { KdcContext } from './kdc-exchange.js'
import { isElsewhere, Itinerary, realmAsked } from './referral.js'
import { confirmedUser, s4uPadata } from './s4u-padata.js'
import { nameOfUser, type S4uUser } from './s4u-user.js'
import type { ServiceTicket } from './service-ticket.js'
import type { SignIn } from './sign-in.js'
import { requestTicket, type TgsOutcome } from './tgs-exchange.js'

export interface S4u2selfRequest {
  /** A ticket-granting ticket for the user's realm. */
  readonly tgt: ServiceTicket
  /** The service that asks, by the name with which it signed in. */
  readonly service: Principal
  readonly user: S4uUser
}

/**
 * Asks the KDC of the user's realm, which alone knows the user, and follows its referrals back to the service's own. In every realm but
 * that one the service is named by an enterprise name. Source: MS-SFU section 3.1.5.1.1.
 */
export async function requestS4u2self(context: KdcContext, request: S4u2selfRequest): Promise<TgsOutcome> {
  const { service, user } = request
  let { tgt } = request
  const itinerary = new Itinerary(nameOfUser(user), realmAsked(tgt))
  for (;;) {
    const realm = realmAsked(tgt)
    const sname = nameIn(realm, service)
    const outcome = await requestTicket(context, {
      tgt,
      sname,
      padata: (binding) => s4uPadata(user, realm, binding),
      expectedClient: (reply) => confirmedUser(user, reply),
    })
    if ('refused' in outcome || !isElsewhere(outcome.ticket, sname)) return outcome
    tgt = outcome.ticket
    itinerary.enter(realmAsked(tgt))
  }
}

function nameIn(realm: string, service: Principal): PrincipalName {
  if (sameRealmIgnoringCase(realm, service.realm)) return service.name
  return { nameType: NameType.ENTERPRISE, nameString: [`${formatName(service.name)}@${service.realm}`] }
}

/**
 * Opens the ticket with the service's own key, where a keytab has it, and compares what is sealed with what the reply says: the name in
 * the reply is not protected, and whoever sits on the network could have put the user's name on a ticket of the service itself.
 * @throws RejectedTokenError KRB_AP_ERR_BADMATCH or KRB_AP_ERR_MODIFIED
 */
export function verifyOwnTicket({ ticket, client, flags }: ServiceTicket, signIn: SignIn): void {
  const sealed = openWithAny(ticket, signIn)
  if (sealed === undefined) return
  const named = { name: sealed.cname, realm: sealed.crealm }
  if (!samePrincipal(named, client))
    throw notAsSaid(`speaks of ${formatPrincipal(client)}, but its ticket names ${formatPrincipal(named)}`)
  const forwardable = hasFlag(flags, TicketFlag.FORWARDABLE)
  if (forwardable !== hasFlag(sealed.flags, TicketFlag.FORWARDABLE))
    throw notAsSaid(`says that its ticket is ${forwardable ? '' : 'not '}forwardable, and the ticket says otherwise`)
}

/** Undefined where the keytab does not have the key. @throws RejectedTokenError where it has it, and the ticket does not open */
function openWithAny(ticket: Ticket, signIn: SignIn): EncTicketPart | undefined {
  const { exact, keys } = signIn.keysFor?.(ticket.encPart.etype, ticket.encPart.kvno) ?? { exact: false, keys: [] }
  let failure: unknown
  for (const key of keys) {
    try {
      return openTicket(ticket, key).encTicketPart
    } catch (error) {
      failure ??= error
    }
  }
  if (exact) throw failure
  return undefined
}

function notAsSaid(what: string): RejectedTokenError {
  return new RejectedTokenError(`S4U2Self: the reply ${what}`, {
    code: 'KRB_AP_ERR_BADMATCH',
    hint: 'The reply was changed on the way from the KDC, or the KDC does not support S4U2Self.',
  })
}
