/**
 * Checks which user an S4U2Self ticket is for, by what nobody on the network could have changed.
 */

import {
  type EncTicketPart,
  encryptionTypeName,
  formatPrincipal,
  hasFlag,
  MissingKeyError,
  openTicket,
  RejectedTokenError,
  samePrincipal,
  type Ticket,
  TicketFlag,
} from '@s4u/krb5'
import { isForwardable, type ServiceTicket } from '../tickets/service-ticket.js'
import type { Authority, SignIn } from '../credentials/authority.js'

/**
 * Checks that a ticket from S4U2Self names the user, and belongs to this reply.
 *
 * The name in the reply is not protected. Some KDCs sign the name, but that signature does not
 * cover the ticket beside it. So an attacker on the network could put the user's name on a ticket
 * of the service itself, or another user's ticket beside the user's name. Nobody can change what is
 * inside the ticket. If the service has keys, one of them must decrypt the ticket, and the session
 * key inside must be the one that the KDC has sent: then it is the ticket of this reply.
 *
 * Without keys (a credential cache, a forwarded ticket), FAST around the exchange must authenticate
 * both, as in MIT's client. If the KDC has no FAST there, its signature of the name must be enough.
 *
 * @throws RejectedTokenError KRB_AP_ERR_BADMATCH, KRB_AP_ERR_BAD_INTEGRITY or KRB_AP_ERR_MODIFIED;
 * MissingKeyError KRB_AP_ERR_NOKEY if there is no key of the ticket's type and version
 */
export async function verifyOwnTicket(ticket: ServiceTicket, isProven: boolean, authority: Authority): Promise<void> {
  if (authority.kind === 'sign-in') return compare(ticket, await open(ticket, authority))
  if (isProven) return
  throw new MissingKeyError(
    `S4U2Self: nothing proves that the ticket is for ${formatPrincipal(ticket.client)}: the KDC has neither signed it nor armored its reply, and there is no key to open it with (${keyOf(ticket.ticket)})`,
    { hint: 'Sign in with a keytab or a password: this KDC does not support S4U2Self by a credential cache safely.' },
  )
}

/**
 * Decrypts the ticket with one of the service's keys, those of the ticket's version first. If none
 * fits, the keytab is read again, since it may have been rotated.
 *
 * @throws RejectedTokenError KRB_AP_ERR_BAD_INTEGRITY if the key of the right version does not
 * decrypt the ticket, else MissingKeyError
 */
async function open({ ticket, client }: ServiceTicket, signIn: SignIn): Promise<EncTicketPart> {
  const first = await openWithAny(ticket, signIn)
  if (first.part !== undefined) return first.part
  await signIn.reread?.()
  const { part, failure } = await openWithAny(ticket, signIn)
  if (part !== undefined) return part
  if (failure !== undefined) throw failure
  throw new MissingKeyError(
    `S4U2Self: no key of ${formatPrincipal(signIn.principal)} opens the ticket for ${formatPrincipal(client)} (${keyOf(ticket)})`,
    {
      hint: `Bring the keytab or password of ${formatPrincipal(signIn.principal)} up to date. If it is, the ticket is not the one that the KDC has sent.`,
    },
  )
}

interface Opening {
  readonly part?: EncTicketPart
  /** Why the key of the ticket's version does not decrypt it. */
  readonly failure?: unknown
}

async function openWithAny(ticket: Ticket, signIn: SignIn): Promise<Opening> {
  const { etype, kvno } = ticket.encPart
  const { exact, keys } = await signIn.keysFor(etype, kvno)
  let failure: unknown
  for (const key of keys) {
    try {
      return { part: openTicket(ticket, key).encTicketPart }
    } catch (error) {
      failure ??= error
    }
  }
  return exact ? { failure } : {}
}

/**
 * Compares the ticket with the encrypted part of the reply, which must say the same. Source: RFC
 * 4120 section 5.4.2.
 */
function compare(ticket: ServiceTicket, sealed: EncTicketPart): void {
  if (!sealed.key.equals(ticket.sessionKey))
    throw notAsSaid('carries a ticket with another session key: it is the ticket of another exchange')
  const named = { name: sealed.cname, realm: sealed.crealm }
  if (!samePrincipal(named, ticket.client))
    throw notAsSaid(`speaks of ${formatPrincipal(ticket.client)}, but its ticket names ${formatPrincipal(named)}`)
  const isOther = (flag: number): boolean => hasFlag(ticket.flags, flag) !== hasFlag(sealed.flags, flag)
  if (isOther(TicketFlag.FORWARDABLE))
    throw notAsSaid(
      `says that its ticket is ${isForwardable(ticket) ? '' : 'not '}forwardable, and the ticket says otherwise`,
    )
  if (COMPARED_FLAGS.some(isOther)) throw notAsSaid('speaks of other flags than its ticket has')
  if (!hasSameTimes(ticket, sealed)) throw notAsSaid('speaks of other times than its ticket has')
}

/**
 * All flags of RFC 4120 section 5.3. A KDC tells enc-pa-rep only to the client (RFC 6806 section
 * 11), so that flag is not compared.
 */
const COMPARED_FLAGS: readonly number[] = Object.values(TicketFlag).filter((flag) => flag !== TicketFlag.ENC_PA_REP)

function hasSameTimes(
  ticket: ServiceTicket,
  { authtime, starttime, endtime, renewTill, flags }: EncTicketPart,
): boolean {
  const { authenticatedAt, startsAt, expiresAt, renewableUntil } = ticket
  const isRenewedAlike = !hasFlag(flags, TicketFlag.RENEWABLE) || renewTill === renewableUntil
  return authtime === authenticatedAt && (starttime ?? authtime) === startsAt && endtime === expiresAt && isRenewedAlike
}

function keyOf({ encPart: { etype, kvno } }: Ticket): string {
  return `encryption type ${encryptionTypeName(etype)}${kvno === undefined ? '' : `, version ${kvno}`}`
}

function notAsSaid(what: string): RejectedTokenError {
  return new RejectedTokenError(`S4U2Self: the reply ${what}`, {
    code: 'KRB_AP_ERR_BADMATCH',
    hint: 'The reply was changed on the way from the KDC, or the KDC does not support S4U2Self.',
  })
}
