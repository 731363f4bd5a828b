/**
 * Reads what is on the wire, for the drawing: a token in an Authorization header, a ticket in a
 * KDC's reply. Nobody on a real network could: tickets are sealed for the service, and only the
 * demo has everybody's keys.
 */
import { createHash } from 'node:crypto'
import {
  AdType,
  ApOption,
  ApReq,
  AsRep,
  decode,
  EncAsRepPart,
  encryptionTypeName,
  flattenAuthorizationData,
  formatName,
  formatPrincipal,
  hasFlag,
  KeyUsage,
  openEncryptedData,
  openTicket,
  Pac,
  PaType,
  TgsRep,
  TgsReq,
  TicketFlag,
} from '@s4u/krb5'
import { decodeNegTokenInit, Mechanism, parseAuthorization, readKrb5Token, unframe } from '@s4u/gssapi'

const AS_REP = 0x6b
const TGS_REQ = 0x6c
const TGS_REP = 0x6d

/** What an Authorization header carries; undefined when it carries no token. */
export function readToken(header, realm) {
  const parsed = parseAuthorization(header ?? undefined)
  if (parsed.status !== 'token') return undefined
  const { token } = parsed
  const spnego = unframe(token).mechanism === Mechanism.SPNEGO
  const inner = spnego ? decodeNegTokenInit(unframe(token).innerToken).mechToken : token
  const apReq = decode(ApReq, readKrb5Token(inner, 'ap-req').message)
  return {
    kind: spnego ? 'SPNEGO with a Kerberos AP-REQ' : 'Kerberos AP-REQ',
    octets: token.length,
    /** The same for the same token: a copy of it is a replay. */
    id: createHash('sha256').update(token).digest('hex').slice(0, 12),
    mutual: hasFlag(apReq.apOptions, ApOption.MUTUAL_REQUIRED),
    ticket: ticketFacts(apReq.ticket, sealedFor(apReq.ticket, realm)),
  }
}

/**
 * The ticket that a KDC has issued; undefined when it has not, and where the answer is sealed under
 * armor (FAST): for that, not even the keys of everybody are enough.
 */
export function readIssuedTicket(reply, realm) {
  if (reply[0] === AS_REP) {
    const { crealm, cname, ticket, encPart, padata = [] } = decode(AsRep, reply)
    if (padata.some(({ padataType }) => padataType === PaType.FX_FAST)) return undefined
    const key = keyOf(realm, formatName(cname), encPart.etype)
    const part = decode(EncAsRepPart, openEncryptedData(encPart, key, KeyUsage.AS_REP))
    return ticketFacts(ticket, { ...part, crealm, cname })
  }
  if (reply[0] !== TGS_REP) return undefined
  const { ticket } = decode(TgsRep, reply)
  return ticketFacts(ticket, sealedFor(ticket, realm))
}

/**
 * The ticket that a service shows the KDC as proof that the user came to it: in S4U2Proxy requests
 * only.
 */
export function readEvidence(request, realm) {
  if (request[0] !== TGS_REQ) return undefined
  const [ticket] = decode(TgsReq, request).reqBody.additionalTickets ?? []
  return ticket && ticketFacts(ticket, sealedFor(ticket, realm))
}

function sealedFor(ticket, realm) {
  return openTicket(ticket, keyOf(realm, formatName(ticket.sname), ticket.encPart.etype)).encTicketPart
}

function keyOf(realm, name, etype) {
  return realm.keytabFor(name).entries.find(({ key }) => key.etype === etype).key
}

function ticketFacts(ticket, { crealm, cname, flags, key, starttime, authtime, endtime, authorizationData = [] }) {
  return {
    /** The same for the same ticket, wherever it turns up. */
    id: createHash('sha256').update(ticket.encPart.cipher).digest('hex').slice(0, 12),
    client: formatPrincipal({ name: cname, realm: crealm }),
    service: formatName(ticket.sname),
    encryptionType: encryptionTypeName(ticket.encPart.etype),
    sessionKeyType: encryptionTypeName(key.etype),
    flags: flagNames(flags),
    startsAt: starttime ?? authtime,
    expiresAt: endtime,
    transitedServices: transitedServices(authorizationData),
  }
}

function flagNames(flags) {
  return Object.entries(TicketFlag)
    .filter(([, bit]) => hasFlag(flags, bit))
    .map(([name]) => name.toLowerCase().replaceAll('_', '-'))
}

/** The services that act for the client, nearest last: S4U_DELEGATION_INFO of the PAC. */
function transitedServices(authorizationData) {
  const pac = flattenAuthorizationData(authorizationData).find(({ adType }) => adType === AdType.WIN2K_PAC)
  return (pac && Pac.decode(pac.adData).delegationInfo?.transitedServices) ?? []
}
