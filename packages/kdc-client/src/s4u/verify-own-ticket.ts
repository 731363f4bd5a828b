/**
 * Whom a ticket to ourselves is for, checked against what nobody between here and the KDC could
 * have changed.
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
 * The name in the reply is under no seal, and the name that some KDCs sign in it says nothing of
 * the ticket beside it: whoever sits on the network could put the user's name on a ticket of the
 * service itself, or the ticket of another user beside the user's name. What cannot be changed is
 * what is in the ticket. So where there are keys, one of them must open it, and the session key
 * inside must be the one that the KDC has sealed for us: then it is the ticket of this very reply.
 * Only where there is none (a credential cache, a ticket from elsewhere) FAST around the exchange
 * must vouch for both, as MIT's client has it; or, where the KDC has no FAST there, the signed name
 * must do.
 *
 * @throws RejectedTokenError KRB_AP_ERR_BADMATCH, KRB_AP_ERR_BAD_INTEGRITY or KRB_AP_ERR_MODIFIED;
 * MissingKeyError KRB_AP_ERR_NOKEY when no key is of the ticket's type and version
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
 * With one of the service's keys, those of the ticket's version first; a keytab that was rotated
 * meanwhile is read again.
 * @throws RejectedTokenError KRB_AP_ERR_BAD_INTEGRITY when the key of the version is there and does
 * not open it, else MissingKeyError
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
  /** Why the key of the ticket's version does not open it. */
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
 * What is in the ticket stands in the sealed part of the reply as well. Source: RFC 4120 section
 * 5.4.2.
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
 * What RFC 4120 section 5.3 defines, but for what a KDC says to the client alone: enc-pa-rep.
 * Source: RFC 6806 section 11.
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
