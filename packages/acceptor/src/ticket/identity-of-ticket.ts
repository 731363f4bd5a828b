/** Makes identities from verified tickets. */

import { ContextFlag } from '@s4u/gssapi'
import { type ForwardedTicket, hasFlag, printableName, TicketFlag } from '@s4u/krb5'
import type { TicketEvidence } from '../identity/evidence.js'
import { Identity } from '../identity/identity.js'
import type { AuthenticationMethod, ImpersonationLevel } from '../identity/identity-claims.js'
import type { VerifiedTicket } from './verified-ticket.js'

/**
 * Returns the identity of the caller who presented the ticket, with the caller's GSS flags and
 * forwarded TGT.
 */
export function identityOfCaller(
  ticket: VerifiedTicket,
  flags: number,
  forwardedTgt: ForwardedTicket | undefined,
): Identity {
  const evidence = evidenceIn(ticket, 'presented', forwardedTgt)
  const delegable = evidence.forwardable || forwardedTgt !== undefined
  return identityOf(ticket, evidence, 'kerberos', levelOf(ticket, flags, delegable))
}

/** Returns the identity of the user for whom the service got a ticket to itself (S4U2Self). */
export function identityOfOwnTicket(
  ticket: VerifiedTicket & { readonly requestedName?: string },
  method: AuthenticationMethod,
): Identity {
  const known = ofOwnTickets.get(ticket)
  if (known?.authenticationMethod === method) return known
  const evidence = evidenceIn(ticket, 's4u2self', undefined)
  const identity = identityOf(ticket, evidence, method, evidence.forwardable ? 'delegation' : 'impersonation')
  ofOwnTickets.set(ticket, identity)
  return identity
}

/**
 * Identities are frozen, and all of one is in its ticket: the requests of a session, which show the
 * same ticket again and again, have the same one.
 */
const ofOwnTickets = new WeakMap<VerifiedTicket, Identity>()

function identityOf(
  ticket: VerifiedTicket & { readonly requestedName?: string },
  evidence: TicketEvidence,
  authenticationMethod: AuthenticationMethod,
  impersonationLevel: ImpersonationLevel,
): Identity {
  const { client, principal, name, localName, requestedName, pac, opened, hasNoGroups } = ticket
  return new Identity({
    principal,
    name,
    localName,
    requestedName,
    realm: printableName(client.realm),
    authenticationMethod,
    impersonationLevel,
    expiresAt: opened.encTicketPart.endtime,
    pac,
    ...(hasNoGroups && { groupsUnknown: false }),
    evidence,
  })
}

function evidenceIn(
  { client, opened, serviceKey }: VerifiedTicket,
  origin: TicketEvidence['origin'],
  forwardedTgt: ForwardedTicket | undefined,
): TicketEvidence {
  const { endtime: expiresAt, flags } = opened.encTicketPart
  const forwardable = hasFlag(flags, TicketFlag.FORWARDABLE)
  const { principal: service } = serviceKey
  return { kind: 'ticket', client, origin, ticket: opened.ticket, service, forwardable, expiresAt, forwardedTgt }
}

function levelOf({ anonymous }: VerifiedTicket, flags: number, delegable: boolean): ImpersonationLevel {
  if (anonymous) return 'anonymous'
  if ((flags & ContextFlag.IDENTIFY) !== 0) return 'identification'
  return delegable ? 'delegation' : 'impersonation'
}
