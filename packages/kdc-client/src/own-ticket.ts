/** Whom an S4U2Self ticket is for, checked against what nobody between here and the KDC could have changed. */

import {
  type EncTicketPart,
  formatPrincipal,
  hasFlag,
  MissingKeyError,
  openTicket,
  RejectedTokenError,
  samePrincipal,
  type Ticket,
  TicketFlag,
} from '@s4u/krb5'
import { isForwardable, type ServiceTicket } from './service-ticket.js'
import type { Authority, SignIn } from './sign-in.js'

/**
 * The name in the reply is under no seal: whoever sits on the network could put the user's name on a ticket of the service itself, or of
 * another user whom the service has asked for before. What cannot be changed is the name in the ticket, which the service opens with its
 * own key, and the name that the KDC signed in the reply, where it does. One of both there must be. (MIT's client has neither check, but
 * FAST around the exchange.)
 *
 * @throws RejectedTokenError KRB_AP_ERR_BADMATCH or KRB_AP_ERR_MODIFIED, MissingKeyError when there is neither
 */
export async function verifyOwnTicket(ticket: ServiceTicket, isSigned: boolean, authority: Authority): Promise<void> {
  const sealed = authority.kind === 'sign-in' ? await open(ticket.ticket, authority) : undefined
  if (sealed !== undefined) return compare(ticket, sealed)
  if (isSigned) return
  const { etype, kvno } = ticket.ticket.encPart
  const version = kvno === undefined ? '' : `, version ${kvno}`
  throw new MissingKeyError(
    `S4U2Self: nothing proves that the ticket is for ${formatPrincipal(ticket.client)}: the KDC has not signed it, and there is no key to open it with (encryption type ${etype}${version})`,
    {
      hint:
        authority.kind === 'sign-in'
          ? `Bring the keytab or password of ${formatPrincipal(authority.principal)} up to date.`
          : 'Sign in with a keytab or a password: this KDC does not support S4U2Self by a credential cache safely.',
    },
  )
}

/** With the service's key of the ticket's version; a keytab that was rotated meanwhile is read again for it. */
async function open(ticket: Ticket, signIn: SignIn): Promise<EncTicketPart | undefined> {
  const opened = await openWithAny(ticket, signIn)
  if (opened !== undefined || signIn.reread === undefined) return opened
  await signIn.reread()
  return openWithAny(ticket, signIn)
}

/** Undefined where the key of the version is not there. @throws RejectedTokenError where it is, and the ticket does not open */
async function openWithAny(ticket: Ticket, signIn: SignIn): Promise<EncTicketPart | undefined> {
  const { etype, kvno } = ticket.encPart
  const { exact, keys } = await signIn.keysFor(etype, kvno)
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

function compare({ client, flags }: ServiceTicket, sealed: EncTicketPart): void {
  const named = { name: sealed.cname, realm: sealed.crealm }
  if (!samePrincipal(named, client))
    throw notAsSaid(`speaks of ${formatPrincipal(client)}, but its ticket names ${formatPrincipal(named)}`)
  const forwardable = isForwardable({ flags })
  if (forwardable !== hasFlag(sealed.flags, TicketFlag.FORWARDABLE))
    throw notAsSaid(`says that its ticket is ${forwardable ? '' : 'not '}forwardable, and the ticket says otherwise`)
}

function notAsSaid(what: string): RejectedTokenError {
  return new RejectedTokenError(`S4U2Self: the reply ${what}`, {
    code: 'KRB_AP_ERR_BADMATCH',
    hint: 'The reply was changed on the way from the KDC, or the KDC does not support S4U2Self.',
  })
}
