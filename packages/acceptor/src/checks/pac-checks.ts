import { millisecondsOfFiletime, printableName, RejectedTokenError } from '@s4u/krb5'
import type { ClientInfo, EncTicketPart, Key, Pac } from '@s4u/krb5'

/**
 * Verifies that the KDC has signed a PAC for this service, and that the PAC is about the ticket's
 * client and its sign-in. Source: MS-PAC sections 2.7 and 2.8, MS-KILE section 3.4.5.3.
 *
 * @param key the key that opened the ticket, whatever its encryption type
 * @throws RejectedTokenError, MalformedTokenError
 */
export function verifyPac(pac: Pac, ticket: EncTicketPart, key: Key): void {
  pac.verifyServerChecksum(key)
  decodeWhatIdentitiesShow(pac)
  const { clientInfo, requestor, upnDnsInfo } = pac
  if (clientInfo === undefined) throw foreignPac('it does not say whose it is')
  requireSameName(clientInfo, ticket)
  requireSameLogin(clientInfo, ticket)
  // Usually only tickets for krbtgt carry the requestor. MS-PAC section 2.15.
  const { userSid } = pac
  if (userSid === undefined) return
  if (requestor !== undefined && userSid !== requestor)
    throw foreignPac(`it was asked for by ${requestor}, not by ${userSid}`)
  const named = upnDnsInfo?.extended?.sid
  if (named !== undefined && named !== userSid) throw foreignPac(`its UPN is that of ${named}, not of ${userSid}`)
}

/**
 * Decodes what identities show, so that a PAC that is signed but broken is refused here and not in
 * a request handler. The PAC keeps what it has decoded.
 */
function decodeWhatIdentitiesShow(pac: Pac): void {
  void [pac.logonInfo, pac.upnDnsInfo, pac.delegationInfo, pac.clientClaims, pac.deviceInfo, pac.deviceClaims]
}

const shown = (name: string): string => `"${printableName(name)}"`

/**
 * Requires the ticket's client name in the PAC. The name has no realm, except for users of another
 * realm after S4U2Self. Source: MS-SFU section 3.2.5.1.2.
 */
function requireSameName({ name }: ClientInfo, { cname, crealm }: EncTicketPart): void {
  const ticketName = cname.nameString.join('/')
  if (name === ticketName || name === `${ticketName}@${crealm}`) return
  throw foreignPac(`it belongs to ${shown(name)}, the ticket to ${shown(ticketName)}`)
}

function requireSameLogin({ clientId }: ClientInfo, { authtime }: EncTicketPart): void {
  const pacTime = millisecondsOfFiletime(clientId)
  if (Math.floor(pacTime / 1000) === Math.floor(authtime / 1000)) return
  throw foreignPac('it belongs to another login than the ticket')
}

function foreignPac(why: string): RejectedTokenError {
  return new RejectedTokenError(`the PAC is not that of the ticket: ${why}`, {
    code: 'KRB_AP_ERR_MODIFIED',
    hint: 'A KDC never issues this. Somebody who knows the key of the service combined two tickets.',
  })
}
