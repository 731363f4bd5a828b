import {
  formatName,
  hasFlag,
  KdcOption,
  kerberosFlags,
  type Pac,
  type PacContents,
  PacAttribute,
  sameRealmIgnoringCase,
  TicketFlag,
  type TransitedEncoding,
} from '@s4u/krb5'
import type { Kdc } from '../kdc/kdc.js'
import { grantTimes, renewTimes, type TicketTimes } from '../tickets/lifetimes.js'
import { copiedPac } from '../tickets/pac-of.js'
import { refuse } from '../kdc/refusal.js'
import { type Grant, sessionKeyType } from '../tickets/grant.js'
import type { TgsRequest } from './tgs-request.js'
import { targetOf } from './ticket-target.js'
import type { TicketTarget } from '../tickets/ticket-seal.js'

/**
 * Grants a ticket for the client itself: for a service, forwarded, as a proxy, or for the next
 * realm. Source: RFC 4120 section 3.3.3.
 */
export function grantOrdinary(kdc: Kdc, request: TgsRequest): Grant {
  const { header } = request
  requireForeignClient(kdc, request)
  const target = targetOf(kdc, request)
  const times = request.asks(KdcOption.RENEW) ? renewal(kdc, request, target) : timesOf(kdc, request)
  return {
    target,
    crealm: header.ticket.crealm,
    cname: header.ticket.cname,
    ...inherited(kdc, request),
    times,
    flags: ordinaryFlags(request, target, times),
    pac: header.pac && pacFor(request, header.pac, target),
  }
}

/** Returns what every ticket takes from the TGT and the request. */
export function inherited(kdc: Kdc, request: TgsRequest) {
  const { header, body, service, clientAuthorization } = request
  const moved = request.asks(KdcOption.FORWARDED) || request.asks(KdcOption.PROXY)
  return {
    authtime: header.ticket.authtime,
    transited: transitedOf(request),
    addresses: moved ? body.addresses : header.ticket.caddr,
    sessionKeyType: sessionKeyType(service ?? kdc.directory.krbtgt, body.etype),
    clientAuthorization,
  }
}

export function timesOf(kdc: Kdc, { body, header }: TgsRequest, notAfter: readonly number[] = []): TicketTimes {
  const { endtime, renewTill, flags } = header.ticket
  return grantTimes(body, {
    now: kdc.now(),
    lifetime: kdc.ticketLifetime,
    renewLifetime: kdc.renewLifetime,
    notAfter: [endtime, ...notAfter],
    renewNotAfter: renewTill,
    mayRenew: hasFlag(flags, TicketFlag.RENEWABLE) && renewTill !== undefined,
  })
}

/** Returns the flags that depend only on the TGT, without those about forwarding. */
export function basicFlags({ header, service }: TgsRequest, times: TicketTimes): number[] {
  const kept = [TicketFlag.PRE_AUTHENT, TicketFlag.HW_AUTHENT].filter((flag) => hasFlag(header.ticket.flags, flag))
  return [
    ...kept,
    ...(times.renewTill === undefined ? [] : [TicketFlag.RENEWABLE]),
    ...(header.issuer === undefined ? [] : [TicketFlag.TRANSITED_POLICY_CHECKED]),
    ...(service?.settings.okAsDelegate ? [TicketFlag.OK_AS_DELEGATE] : []),
  ]
}

/** Says whether the client asks for the flag and the TGT has it. */
export function inheritsFlag({ header, asks }: TgsRequest, option: number, flag: number): boolean {
  return asks(option) && hasFlag(header.ticket.flags, flag)
}

/**
 * Refuses a client of this realm that shows the ticket of a foreign KDC. Only S4U2Self has a reason
 * for that.
 */
function requireForeignClient(kdc: Kdc, { header }: TgsRequest): void {
  if (header.issuer !== undefined && sameRealmIgnoringCase(header.ticket.crealm, kdc.directory.realm)) {
    refuse('KDC_ERR_POLICY', 'a client of this realm, vouched for by another')
  }
}

function renewal(kdc: Kdc, { header }: TgsRequest, target: TicketTarget): TicketTimes {
  if (!target.ticketGranting) refuse('KDC_ERR_SERVER_NOMATCH', 'only the ticket shown can be renewed')
  return renewTimes(kdc, header.ticket)
}

function ordinaryFlags(request: TgsRequest, target: TicketTarget, times: TicketTimes): Uint8Array {
  const { header, asks } = request
  const forwardable = hasFlag(header.ticket.flags, TicketFlag.FORWARDABLE)
  const proxiable = hasFlag(header.ticket.flags, TicketFlag.PROXIABLE)
  if (asks(KdcOption.FORWARDED) && !forwardable)
    refuse('KDC_ERR_BADOPTION', 'the ticket-granting ticket is not forwardable')
  if (asks(KdcOption.PROXY) && (!proxiable || target.ticketGranting))
    refuse('KDC_ERR_BADOPTION', 'no proxy of this ticket')
  if (asks(KdcOption.VALIDATE)) refuse('KDC_ERR_BADOPTION', 'no ticket here is postdated')
  if (asks(KdcOption.RENEW)) return header.ticket.flags
  const forwarded = asks(KdcOption.FORWARDED) || hasFlag(header.ticket.flags, TicketFlag.FORWARDED)
  return kerberosFlags(
    ...basicFlags(request, times),
    ...(inheritsFlag(request, KdcOption.FORWARDABLE, TicketFlag.FORWARDABLE) ? [TicketFlag.FORWARDABLE] : []),
    ...(inheritsFlag(request, KdcOption.PROXIABLE, TicketFlag.PROXIABLE) ? [TicketFlag.PROXIABLE] : []),
    ...(forwarded ? [TicketFlag.FORWARDED] : []),
    ...(asks(KdcOption.PROXY) ? [TicketFlag.PROXY] : []),
  )
}

function pacFor({ header, trust }: TgsRequest, pac: Pac, { ticketGranting }: TicketTarget): PacContents | undefined {
  // The PAC of a referral for S4U is about the user, and can only be passed on.
  const aboutClient = pac.clientInfo?.name === formatName(header.ticket.cname)
  if (!aboutClient && trust === undefined)
    refuse('KDC_ERR_BADOPTION', 'the PAC speaks of another client than the ticket')
  const wanted = PacAttribute.PAC_WAS_REQUESTED | PacAttribute.PAC_WAS_GIVEN_IMPLICITLY
  const declined = pac.attributes !== undefined && (pac.attributes.flags & wanted) === 0
  return declined && !ticketGranting ? undefined : copiedPac(pac, { ticketGranting })
}

/**
 * Returns the realms between that of the client and this one, in the uncompressed form.
 * Source: RFC 4120 section 3.3.3.2.
 */
function transitedOf({ header }: TgsRequest): TransitedEncoding {
  const { issuer, ticket } = header
  const { trType, contents } = ticket.transited
  if (issuer === undefined || sameRealmIgnoringCase(issuer.realm, ticket.crealm)) return { trType, contents }
  const before = new TextDecoder().decode(contents)
  const realms = before === '' ? [] : before.split(',')
  if (!realms.includes(issuer.realm)) realms.push(issuer.realm)
  return { trType: DOMAIN_X500_COMPRESS, contents: new TextEncoder().encode(realms.join(',')) }
}

const DOMAIN_X500_COMPRESS = 1
