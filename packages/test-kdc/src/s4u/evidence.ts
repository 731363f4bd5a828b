import {
  type EncTicketPart,
  formatName,
  formatPrincipal,
  type Key,
  MalformedTokenError,
  NameType,
  openTicket,
  Pac,
  type PrincipalName,
  RejectedTokenError,
  sameName,
  sameRealmIgnoringCase,
  type Ticket,
} from '@s4u/krb5'
import { ticketKeyOf } from '../directory/account.js'
import type { Kdc } from '../kdc/kdc.js'
import { findDestination, isTicketGrantingService } from '../directory/referral.js'
import { refuse } from '../kdc/refusal.js'
import { filteredPac } from '../tickets/sid-filter.js'
import type { TgsRequest } from '../ticket-granting/tgs-request.js'
import { encodeWithoutPac, pacBytesOf } from '../tickets/ticket-seal.js'

/** The verified ticket by which a service shows that the user has called it. */
export interface Evidence {
  readonly ticket: EncTicketPart
  readonly pac: Pac
  /** The user. */
  readonly name: PrincipalName
  readonly realm: string
  /** The name of the service on the ticket: `HTTP/web.ad.test@AD.TEST`. */
  readonly service: string
}

/**
 * Opens the first additional ticket and verifies it. It is a ticket to the service itself, or, from
 * another realm, a referral whose PAC is about the user.
 *
 * @throws Refusal
 */
export function acceptEvidence(kdc: Kdc, request: TgsRequest): Evidence {
  const [ticket] = request.body.additionalTickets ?? []
  if (ticket === undefined) return refuse('KDC_ERR_BADOPTION', 'the request has no evidence ticket')
  return request.header.issuer === undefined
    ? ownEvidence(kdc, request, ticket)
    : referredEvidence(kdc, request, ticket)
}

/** Source: MS-SFU section 3.2.5.2.1. */
function ownEvidence(kdc: Kdc, { client }: TgsRequest, ticket: Ticket): Evidence {
  const { directory } = kdc
  if (isTicketGrantingService(ticket.sname.nameString))
    refuse('KDC_ERR_BADOPTION', 'the evidence is a ticket-granting ticket')
  const destination = directory.isOwnRealm(ticket.realm) ? findDestination(directory, ticket.sname) : undefined
  const account = destination !== undefined && 'account' in destination ? destination.account : undefined
  if (client === undefined || account !== client)
    refuse('KRB_AP_ERR_BADMATCH', 'the evidence is not for the service that asks')
  const key = client.keys.find(({ etype }) => etype === ticket.encPart.etype) ?? ticketKeyOf(client)
  const opened = open(kdc, ticket, key)
  const pac = verifiedPac(opened, key, ticketKeyOf(directory.krbtgt))
  const { cname, crealm } = opened
  if (pac.clientInfo?.name !== formatName(cname))
    refuse('KRB_AP_ERR_MODIFIED', 'the PAC of the evidence speaks of another client')
  const service = formatPrincipal({ name: ticket.sname, realm: directory.realm })
  return { ticket: opened, pac, name: cname, realm: crealm, service }
}

/**
 * Reads the evidence of a service of another realm: a TGT in its name, whose PAC is about the user
 * and this delegation.
 */
function referredEvidence(kdc: Kdc, request: TgsRequest, ticket: Ticket): Evidence {
  const { directory } = kdc
  const { issuer, ticket: header } = request.header
  const [, instance] = ticket.sname.nameString
  const toUs = isTicketGrantingService(ticket.sname.nameString) && directory.isOwnRealm(instance)
  if (issuer === undefined || !toUs || !sameRealmIgnoringCase(ticket.realm, issuer.realm)) {
    return refuse('KDC_ERR_BADOPTION', 'the evidence is not a referral to this realm')
  }
  const opened = open(kdc, ticket, issuer.inbound)
  if (!sameName(opened.cname, header.cname) || !sameRealmIgnoringCase(opened.crealm, header.crealm)) {
    refuse('KDC_ERR_BADOPTION', 'the evidence is another service’s')
  }
  const pac = filteredPac(verifiedPac(opened, issuer.inbound), issuer, directory)
  const service = formatPrincipal({ name: header.cname, realm: header.crealm })
  const delegation = pac.delegationInfo
  const lastHop = delegation?.transitedServices.at(-1)
  if (lastHop !== service || delegation?.s4u2proxyTarget !== formatName(request.sname)) {
    refuse('KDC_ERR_BADOPTION', 'the evidence is for another delegation')
  }
  return { ticket: opened, pac, ...userOf(pac.clientInfo?.name), service }
}

/** Reads `alice@AD.TEST`. The realm stands behind the last `@`. */
function userOf(clientName: string | undefined): { name: PrincipalName; realm: string } {
  const at = clientName?.lastIndexOf('@') ?? -1
  if (clientName === undefined || at < 1)
    return refuse('KDC_ERR_BADOPTION', 'the PAC of the evidence names no user with realm')
  const name = clientName.slice(0, at)
  const nameType = name.includes('@') ? NameType.ENTERPRISE : NameType.PRINCIPAL
  return { name: { nameType, nameString: [name] }, realm: clientName.slice(at + 1) }
}

function open(kdc: Kdc, ticket: Ticket, key: Key): EncTicketPart {
  try {
    const { encTicketPart } = openTicket(ticket, key)
    if (encTicketPart.endtime > kdc.now()) return encTicketPart
  } catch {
    return refuse('KRB_AP_ERR_MODIFIED', 'the evidence ticket does not open')
  }
  return refuse('KRB_AP_ERR_TKT_EXPIRED', 'the evidence ticket has expired')
}

/**
 * Verifies all signatures that this KDC can verify. Without the ticket checksum, a service could
 * set the flag forwardable (CVE-2020-17049); without the full checksum, it could add groups
 * (CVE-2022-37967).
 */
function verifiedPac(ticket: EncTicketPart, server: Key, kdc?: Key): Pac {
  const bytes = pacBytesOf(ticket)
  if (bytes === undefined) return refuse('KDC_ERR_TGT_REVOKED', 'the evidence ticket has no PAC')
  try {
    const pac = Pac.decode(bytes)
    pac.verifyServerChecksum(server)
    if (kdc === undefined) return pac
    pac.verifyKdcChecksum(kdc)
    pac.verifyTicketChecksum(kdc, encodeWithoutPac(ticket))
    pac.verifyFullChecksum(kdc)
    return pac
  } catch (error) {
    if (!(error instanceof RejectedTokenError || error instanceof MalformedTokenError)) throw error
    return refuse('KRB_AP_ERR_MODIFIED', 'the evidence ticket is not what the KDC signed')
  }
}
