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
 * The value that exchanges are made with. The names on the ticket say which KDC is asked, and
 * whoever forwarded it has written them: so both realms must be that of its client, or the one that
 * is given. Else this process would look up and connect to where a caller likes.
 *
 * @throws RejectedTokenError KRB_AP_ERR_BADMATCH for what is no ticket-granting ticket of these
 * realms
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

/** The times, each also as it was called in 0.1. */
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
