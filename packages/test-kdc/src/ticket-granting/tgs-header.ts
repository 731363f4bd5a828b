import {
  ApReq,
  asciiLower,
  type Authenticator,
  decode,
  elementAt,
  type EncTicketPart,
  findPaData,
  type KdcReq,
  type Key,
  KeyUsage,
  MalformedTokenError,
  openAuthenticator,
  openTicket,
  Pac,
  PaType,
  RejectedTokenError,
  sameName,
  sameRealmIgnoringCase,
  type Ticket,
  verifyChecksumOfType,
} from '@s4u/krb5'
import { ticketKeyOf } from '../directory/account.js'
import type { Trust } from '../directory/directory.js'
import type { Kdc } from '../kdc/kdc.js'
import { refuse } from '../kdc/refusal.js'
import { filteredPac } from '../tickets/sid-filter.js'
import { pacBytesOf } from '../tickets/ticket-seal.js'

/** The client of a TGS exchange, which has proven that it holds a TGT. */
export interface TgsHeader {
  readonly ticket: EncTicketPart
  /** The trusted realm whose KDC issued the TGT. Undefined for our own realm. */
  readonly issuer: Trust | undefined
  readonly pac: Pac | undefined
  readonly subkey: Key | undefined
  /** The key that seals the reply. Source: RFC 4120 section 3.3.3. */
  readonly replyKey: Key
  /** The key usage of `replyKey`. */
  readonly replyKeyUsage: number
  readonly authenticator: Authenticator
}

/**
 * Opens and checks PA-TGS-REQ. `bytes` is the request as sent; the checksum covers its body.
 *
 * Source: RFC 4120 section 3.3.2.
 * @throws Refusal
 */
export function acceptTgsHeader(kdc: Kdc, request: KdcReq, bytes: Uint8Array): TgsHeader {
  const accepted = acceptGrantingTicket(kdc, findApReq(request), KeyUsage.TGS_REQ_AUTHENTICATOR)
  const { key, issuer, ticket, authenticator } = accepted
  requireNoArmor(ticket, authenticator)
  requireBodyChecksum(kdc, authenticator, ticket.key, elementAt(bytes, 'TGS-REQ.req-body', 0x6c, 0x30, 0xa4))
  const pac = openPac(kdc, ticket, key, issuer)
  const { subkey } = authenticator
  return {
    ticket,
    issuer,
    pac,
    subkey,
    replyKey: subkey ?? ticket.key,
    replyKeyUsage: subkey === undefined ? KeyUsage.TGS_REP_SESSION_KEY : KeyUsage.TGS_REP_SUBKEY,
    authenticator,
  }
}

/** A ticket-granting ticket that was opened, with the authenticator of the client that shows it. */
export interface GrantingTicket {
  readonly key: Key
  readonly issuer: Trust | undefined
  readonly ticket: EncTicketPart
  readonly authenticator: Authenticator
}

/**
 * Opens an AP-REQ with a ticket-granting ticket, from PA-TGS-REQ or from an armor. `usage` is the
 * key usage of the authenticator.
 */
export function acceptGrantingTicket(kdc: Kdc, apReq: ApReq, usage: number): GrantingTicket {
  const { key, issuer } = findTicketGrantingKey(kdc, apReq.ticket)
  const ticket = openTicketGrantingTicket(apReq.ticket, key)
  const authenticator = openProof(apReq, ticket.key, usage)
  requireSameClient(ticket, authenticator)
  requireTimes(kdc, ticket, authenticator)
  return { key, issuer, ticket, authenticator }
}

/**
 * Refuses a ticket or an authenticator that was made only for armor.
 * Source: RFC 6113 section 5.4.1.1, AD-fx-fast-armor.
 */
function requireNoArmor(ticket: EncTicketPart, authenticator: Authenticator): void {
  const elements = [...(ticket.authorizationData ?? []), ...(authenticator.authorizationData ?? [])]
  if (elements.some(({ adType }) => adType === FX_FAST_ARMOR)) refuse('KDC_ERR_POLICY', 'the ticket is armor only')
}

function findApReq(request: KdcReq): ApReq {
  const value = findPaData(request.padata, PaType.TGS_REQ)
  if (value === undefined) refuse('KDC_ERR_PADATA_TYPE_NOSUPP', 'the request has no PA-TGS-REQ')
  return decode(ApReq, value)
}

function findTicketGrantingKey(kdc: Kdc, { realm, sname, encPart }: Ticket): { key: Key; issuer: Trust | undefined } {
  const { directory, misbehave } = kdc
  const [service, instance] = sname.nameString
  const isTgs = sname.nameString.length === 2 && asciiLower(service) === 'krbtgt'
  if (!isTgs) refuse('KDC_ERR_POLICY', 'the ticket is not a ticket-granting ticket')
  const isOwn = (name: string): boolean => directory.isOwnRealm(name) || misbehave.endlessReferral === true
  const issuer = isOwn(realm) ? undefined : directory.findTrust(realm)
  if (!isOwn(instance) || (issuer === undefined && !isOwn(realm))) {
    refuse('KRB_AP_ERR_NOT_US', `no key for krbtgt/${instance}@${realm}`)
  }
  const kvno = issuer === undefined ? directory.krbtgt.kvno : undefined
  if (kvno !== undefined && encPart.kvno !== undefined && (encPart.kvno & 0xffff) !== kvno) {
    refuse('KRB_AP_ERR_BADKEYVER', `the key version is ${kvno}`)
  }
  return { key: issuer?.inbound ?? ticketKeyOf(directory.krbtgt), issuer }
}

function openTicketGrantingTicket(ticket: Ticket, key: Key): EncTicketPart {
  try {
    return openTicket(ticket, key).encTicketPart
  } catch {
    return refuse('KRB_AP_ERR_BAD_INTEGRITY', 'the ticket-granting ticket does not open')
  }
}

function openProof(apReq: ApReq, sessionKey: Key, usage: number): Authenticator {
  try {
    return openAuthenticator(apReq, sessionKey, usage)
  } catch {
    return refuse('KRB_AP_ERR_BAD_INTEGRITY', 'the authenticator does not open')
  }
}

function requireSameClient(ticket: EncTicketPart, { cname, crealm }: Authenticator): void {
  if (!sameName(cname, ticket.cname) || !sameRealmIgnoringCase(crealm, ticket.crealm)) {
    refuse('KRB_AP_ERR_BADMATCH', 'the authenticator names another client than the ticket')
  }
}

function requireTimes(kdc: Kdc, ticket: EncTicketPart, { ctime }: Authenticator): void {
  const now = kdc.now()
  if (ticket.endtime <= now) refuse('KRB_AP_ERR_TKT_EXPIRED', 'the ticket-granting ticket has expired')
  if ((ticket.starttime ?? ticket.authtime) > now + kdc.clockSkew)
    refuse('KRB_AP_ERR_TKT_NYV', 'the ticket is not valid yet')
  if (Math.abs(ctime - now) > kdc.clockSkew) refuse('KRB_AP_ERR_SKEW', 'the clocks differ too much')
}

function requireBodyChecksum(kdc: Kdc, { cksum }: Authenticator, sessionKey: Key, body: Uint8Array): void {
  if (cksum === undefined) refuse('KRB_AP_ERR_INAPP_CKSUM', 'the request body has no checksum')
  if (cksum.cksumtype === RSA_MD5 && kdc.acceptUnkeyedChecksums) return
  try {
    verifyChecksumOfType(sessionKey, cksum.cksumtype, KeyUsage.TGS_REQ_CHECKSUM, body, cksum.checksum)
  } catch (error) {
    if (!(error instanceof RejectedTokenError)) throw error
    const code = error.code === 'KRB_AP_ERR_INAPP_CKSUM' ? 'KRB_AP_ERR_INAPP_CKSUM' : 'KRB_AP_ERR_MODIFIED'
    refuse(code, 'the checksum of the request body is wrong')
  }
}

/**
 * Opens the PAC of a TGT. That of a foreign KDC is signed with the key between the realms, because
 * this KDC does not have the krbtgt key of the other.
 */
function openPac(kdc: Kdc, ticket: EncTicketPart, key: Key, issuer: Trust | undefined): Pac | undefined {
  const bytes = pacBytesOf(ticket)
  if (bytes === undefined) return undefined
  try {
    const pac = Pac.decode(bytes)
    pac.verifyServerChecksum(key)
    if (issuer !== undefined) return filteredPac(pac, issuer, kdc.directory)
    pac.verifyKdcChecksum(ticketKeyOf(kdc.directory.krbtgt))
    return pac
  } catch (error) {
    if (!(error instanceof RejectedTokenError || error instanceof MalformedTokenError)) throw error
    return refuse('KRB_AP_ERR_MODIFIED', 'the PAC of the ticket-granting ticket is not what a KDC signed')
  }
}

/** Unkeyed: proves nothing, but Windows clients send it. */
const RSA_MD5 = 7

const FX_FAST_ARMOR = 71
