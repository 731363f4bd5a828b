import {
  formatPrincipal,
  type ForwardedTicket,
  type Principal,
  printableName,
  RejectedTokenError,
  sameRealmIgnoringCase,
} from '@s4u/krb5'
import type { ServiceTicket } from './service-ticket.js'

/**
 * Returns a forwarded ticket-granting ticket as a value that exchanges use.
 *
 * The names on the ticket tell which KDC to ask, and the user who forwarded it wrote them. So both
 * realms must be the one of its client, or the given one. Otherwise a user could make this process
 * look up and connect to any host.
 *
 * @throws RejectedTokenError KRB_AP_ERR_BADMATCH for a ticket that is no ticket-granting ticket of
 * these realms
 */
export function grantingTicketOf(forwarded: ForwardedTicket, realm?: string): ServiceTicket {
  const { client, ticket, sessionKey, flags, expiresAt } = forwarded
  const { nameString } = ticket.sname
  if (nameString.length !== 2 || nameString[0] !== 'krbtgt')
    throw unusable(
      client,
      `${formatPrincipal({ name: ticket.sname, realm: ticket.realm })} is no ticket-granting service`,
    )
  const known = realm === undefined ? [client.realm] : [client.realm, realm]
  const stranger = [nameString[1], ticket.realm].find((one) => !known.some((of) => sameRealmIgnoringCase(of, one)))
  if (stranger !== undefined)
    throw unusable(
      client,
      `it is one for the KDC of ${printableName(stranger)}, and only ${known.map(printableName).join(' and ')} may be asked with it`,
    )
  const { authenticatedAt, startsAt, renewableUntil } = timesOf(forwarded)
  const begin = startsAt ?? authenticatedAt ?? 0
  return Object.freeze({
    client,
    service: { name: ticket.sname, realm: ticket.realm },
    ticket,
    sessionKey,
    flags,
    authenticatedAt: authenticatedAt ?? begin,
    startsAt: begin,
    expiresAt,
    ...(renewableUntil !== undefined && { renewableUntil }),
  })
}

/** Returns the times of a ticket. Each also has its name of 0.1. */
function timesOf(forwarded: ForwardedTicket): Pick<ForwardedTicket, 'authenticatedAt' | 'startsAt' | 'renewableUntil'> {
  const { authtime, starttime, renewTill } = forwarded
  const { authenticatedAt = authtime, startsAt = starttime, renewableUntil = renewTill } = forwarded
  return { authenticatedAt, startsAt, renewableUntil }
}

function unusable(client: Principal, why: string): RejectedTokenError {
  return new RejectedTokenError(`the ticket that ${formatPrincipal(client)} forwarded cannot be used: ${why}`, {
    code: 'KRB_AP_ERR_BADMATCH',
    status: 403,
    hint: 'A client forwards a ticket-granting ticket of its own realm. Whoever wrote another one there wants this service to ask a KDC of his.',
  })
}
