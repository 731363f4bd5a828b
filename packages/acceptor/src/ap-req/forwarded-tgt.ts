import {
  decode,
  EncKrbCredPart,
  hasFlag,
  kerberosFlags,
  KeyUsage,
  KrbCred,
  openEncryptedData,
  RejectedTokenError,
  sameName,
  samePrincipal,
  sameRealmIgnoringCase,
  TicketFlag,
} from '@s4u/krb5'
import type {
  Authenticator,
  EncryptedData,
  EncTicketPart,
  ForwardedTicket,
  Key,
  KrbCredInfo,
  Principal,
  Ticket,
} from '@s4u/krb5'

/**
 * Reads the TGT that the client forwarded in its checksum. MIT, Java and Windows seal it with the
 * session key, others with the authenticator's subkey, and Heimdal not at all (the authenticator
 * around it is sealed). Source: RFC 4121 section 4.1.1.
 *
 * All of it is the client's word. The names on the ticket decide which KDC will be asked with it.
 * They must be of the client's own realm or of the service's realm: otherwise a caller could make
 * this process connect to a host of the caller's choice.
 *
 * @param delegation the encoded KRB-CRED
 * @param ownRealm the realm of the service whose key opened the ticket
 * @throws RejectedTokenError, MalformedTokenError
 */
export function readForwardedTgt(
  delegation: Uint8Array,
  ticket: EncTicketPart,
  authenticator: Authenticator,
  ownRealm: string,
): ForwardedTicket {
  // A copy: the decoded ticket outlives the request.
  const { tickets, encPart } = decode(KrbCred, new Uint8Array(delegation))
  const { ticketInfo } = decode(EncKrbCredPart, openCredentials(encPart, ticket.key, authenticator.subkey))
  const index = tickets.findIndex(isTgt)
  if (index < 0 || ticketInfo.length !== tickets.length) throw unusable('it holds no TGT')
  const client = { name: ticket.cname, realm: ticket.crealm }
  requireRealms(tickets[index], ticketInfo[index], [client.realm, ownRealm])
  return tgtOf(tickets[index], ticketInfo[index], client)
}

function requireRealms({ sname, realm }: Ticket, info: KrbCredInfo, known: readonly string[]): void {
  const { sname: saidName = sname, srealm = realm } = info
  if (!sameName(saidName, sname) || !sameRealmIgnoringCase(srealm, realm))
    throw unusable('it is described as a ticket for another service')
  const stranger = [sname.nameString[1], realm].find((one) => !known.some((own) => sameRealmIgnoringCase(own, one)))
  if (stranger !== undefined) throw unusable('it is one for the KDC of another realm than those of client and service')
}

/**
 * Encryption type 0 means no encryption, for a message inside something encrypted. Source: RFC 4120
 * section 5.8.1.
 */
const ETYPE_NULL = 0

function openCredentials(encPart: EncryptedData, sessionKey: Key, subkey: Key | undefined): Uint8Array {
  if (encPart.etype === ETYPE_NULL) return new Uint8Array(encPart.cipher)
  try {
    return openEncryptedData(encPart, sessionKey, KeyUsage.KRB_CRED)
  } catch (error) {
    if (subkey === undefined || !(error instanceof RejectedTokenError)) throw error
    return openEncryptedData(encPart, subkey, KeyUsage.KRB_CRED)
  }
}

function isTgt({ sname }: Ticket): boolean {
  return sname.nameString.length === 2 && sname.nameString[0] === 'krbtgt'
}

function tgtOf(ticket: Ticket, info: KrbCredInfo, client: Principal): ForwardedTicket {
  const { key, pname = client.name, prealm = client.realm, flags = kerberosFlags(), endtime } = info
  // Without this check, a thief of a TGT could sign in as itself and have the service act as the
  // TGT's owner.
  if (!samePrincipal({ name: pname, realm: prealm }, client)) throw unusable('it belongs to another client')
  if (endtime === undefined || hasFlag(flags, TicketFlag.INVALID))
    throw unusable('it is not valid, or not known how long')
  return { client, ticket, sessionKey: key, flags, expiresAt: endtime, ...timesOf(info) }
}

/** Returns the times that the client has told, each also under its name of 0.1. */
function timesOf({ authtime, starttime, renewTill }: KrbCredInfo): Partial<ForwardedTicket> {
  const [authenticatedAt, startsAt, renewableUntil] = [authtime, starttime, renewTill]
  return { authenticatedAt, startsAt, renewableUntil, authtime, starttime, renewTill }
}

function unusable(why: string): RejectedTokenError {
  return new RejectedTokenError(`the forwarded credential cannot be used: ${why}`, { code: 'KRB_AP_ERR_BADMATCH' })
}
