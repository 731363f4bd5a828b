/** From a ticket that is judged to the identity that it makes. */

import { ContextFlag } from '@s4u/gssapi'
import { formatName, hasFlag, TicketFlag } from '@s4u/krb5'
import type { ForwardedTgt, TicketEvidence } from './evidence.js'
import { type AuthenticationMethod, Identity, type ImpersonationLevel } from './identity.js'
import type { AcceptedTicket } from './accepted-ticket.js'

/** The caller who presented the ticket, with the GSS flags and whatever TGT came with it. */
export function identityOfCaller(
  ticket: AcceptedTicket,
  flags: number,
  forwardedTgt: ForwardedTgt | undefined,
): Identity {
  const evidence: TicketEvidence = { ...evidenceIn(ticket), origin: 'presented', forwardedTgt }
  const delegable = evidence.forwardable || forwardedTgt !== undefined
  return identityOf(ticket, evidence, 'kerberos', levelOf(ticket, flags, delegable))
}

/** The user for whom the service itself got a ticket to itself (S4U2Self). */
export function identityOfOwnTicket(ticket: AcceptedTicket, method: AuthenticationMethod): Identity {
  const evidence: TicketEvidence = { ...evidenceIn(ticket), origin: 's4u2self' }
  return identityOf(ticket, evidence, method, evidence.forwardable ? 'delegation' : 'impersonation')
}

function identityOf(
  { client, principal, pac, opened }: AcceptedTicket,
  evidence: TicketEvidence,
  authenticationMethod: AuthenticationMethod,
  impersonationLevel: ImpersonationLevel,
): Identity {
  const { realm } = client
  const expiresAt = opened.encTicketPart.endtime
  const who = { principal, name: formatName(client.name), realm }
  return new Identity({ ...who, authenticationMethod, impersonationLevel, expiresAt, pac, evidence })
}

function evidenceIn({ client, opened, serviceKey }: AcceptedTicket): Omit<TicketEvidence, 'origin'> {
  const { endtime: expiresAt, flags } = opened.encTicketPart
  const forwardable = hasFlag(flags, TicketFlag.FORWARDABLE)
  return { kind: 'ticket', client, ticket: opened.ticket, service: serviceKey.principal, forwardable, expiresAt }
}

function levelOf({ anonymous }: AcceptedTicket, flags: number, delegable: boolean): ImpersonationLevel {
  if (anonymous) return 'anonymous'
  if ((flags & ContextFlag.IDENTIFY) !== 0) return 'identification'
  return delegable ? 'delegation' : 'impersonation'
}
