import {
  asciiLower,
  type DelegationInfo,
  formatName,
  formatPrincipal,
  hasFlag,
  KdcOption,
  kerberosFlags,
  sameRealmIgnoringCase,
  TicketFlag,
} from '@s4u/krb5'
import { requireUsableAccount } from '../tickets/account-restrictions.js'
import type { Account } from '../directory/account.js'
import { decideS4u2Proxy } from './delegation-policy.js'
import { acceptEvidence, type Evidence } from './evidence.js'
import type { Grant } from '../tickets/grant.js'
import type { Kdc } from '../kdc/kdc.js'
import { basicFlags, inherited, inheritsFlag, timesOf } from '../ticket-granting/ordinary-ticket.js'
import { copiedPac, mayNotBeDelegated } from '../tickets/pac-of.js'
import { isTicketGrantingService } from '../directory/referral.js'
import { refuse } from '../kdc/refusal.js'
import type { TgsRequest } from '../ticket-granting/tgs-request.js'
import { targetOf } from '../ticket-granting/ticket-target.js'

/**
 * Grants S4U2Proxy: a ticket to another service, in the name of the user whose ticket the asking
 * service shows. Source: MS-SFU section 3.2.5.2.
 */
export function grantByProxy(kdc: Kdc, request: TgsRequest): Grant {
  request.exchange.kind = 'S4U2Proxy'
  if (request.header.pac === undefined) refuse('KDC_ERR_TGT_REVOKED', 'the ticket-granting ticket has no PAC')
  const evidence = acceptEvidence(kdc, request)
  request.exchange.user = formatPrincipal({ name: evidence.name, realm: evidence.realm })
  requireUsableUser(kdc, evidence)
  if (isTicketGrantingService(request.sname.nameString))
    refuse('KDC_ERR_BADOPTION', 'the target is a ticket-granting service')
  return request.trust === undefined ? localTarget(kdc, request, evidence) : foreignTarget(kdc, request, evidence)
}

function requireUsableUser({ directory }: Kdc, { name, realm }: Evidence): void {
  const account = sameRealmIgnoringCase(realm, directory.realm) ? directory.findClient(name) : undefined
  if (account !== undefined) requireUsableAccount(account)
}

function localTarget(kdc: Kdc, request: TgsRequest, evidence: Evidence): Grant {
  requireDelegation(request, evidence)
  const { name, realm } = evidence
  const delegationInfo = nextHop(request, evidence, evidence.service)
  const pac = copiedPac(evidence.pac, { clientName: formatName(name), delegationInfo, ticketGranting: false })
  return { ...proxyGrant(kdc, request, evidence), crealm: realm, cname: name, pac }
}

/**
 * Grants a referral to the realm of the target, in the name of the service. Its PAC is about the
 * user and this delegation. The realm of the target decides, and only resource-based delegation can
 * allow it. Source: MS-SFU section 3.2.5.2.2.
 */
function foreignTarget(kdc: Kdc, request: TgsRequest, evidence: Evidence): Grant {
  const { header, resourceBased } = request
  if (!resourceBased)
    refuse('KDC_ERR_BADOPTION', 'only resource-based delegation crosses realms', { ntStatus: 'STATUS_NOT_SUPPORTED' })
  const { cname, crealm } = header.ticket
  const clientName = `${formatName(evidence.name)}@${evidence.realm}`
  const delegationInfo = nextHop(request, evidence, formatPrincipal({ name: cname, realm: crealm }))
  const pac = copiedPac(evidence.pac, { clientName, delegationInfo, ticketGranting: true })
  return { ...proxyGrant(kdc, request, evidence), crealm, cname, pac }
}

function requireDelegation(request: TgsRequest, { ticket, pac }: Evidence): void {
  const { client, service, sname, exchange } = request
  const targets = client?.settings.allowedToDelegateTo ?? []
  const wanted = asciiLower(formatName(sname))
  const decision = decideS4u2Proxy({
    evidenceForwardable: hasFlag(ticket.flags, TicketFlag.FORWARDABLE),
    mayNotBeDelegated: mayNotBeDelegated(pac.logonInfo),
    hasDelegationTargets: targets.length > 0,
    targetIsListed: targets.some((target) => asciiLower(target) === wanted),
    resourceBasedRequested: request.resourceBased === true,
    grantedByTarget: service !== undefined && grantsTo(service, request),
  })
  if (decision.granted === false) return refuse('KDC_ERR_BADOPTION', decision.reason, { ntStatus: decision.ntStatus })
  exchange.delegation = decision.granted
}

/** Says whether the list of the target has the service: by account name, name and realm, or SID. */
function grantsTo(target: Account, { client, header }: TgsRequest): boolean {
  const { cname, crealm } = header.ticket
  const names = [
    formatPrincipal({ name: cname, realm: crealm }),
    header.pac?.userSid,
    client?.sid,
    client?.name,
    client && `${client.name}@${crealm}`,
  ]
  const known = new Set(names.filter((name) => name !== undefined).map(asciiLower))
  return (target.settings.allowedToActOnBehalfOf ?? []).some((granted) => known.has(asciiLower(granted)))
}

function proxyGrant(kdc: Kdc, request: TgsRequest, { ticket, pac }: Evidence): Omit<Grant, 'crealm' | 'cname' | 'pac'> {
  const times = timesOf(kdc, request, [ticket.endtime])
  const asked = inheritsFlag(request, KdcOption.FORWARDABLE, TicketFlag.FORWARDABLE)
  // Forwardable even where the evidence was not: the target of the next hop decides again.
  const forwardable = asked && !mayNotBeDelegated(pac.logonInfo)
  return {
    target: targetOf(kdc, request),
    ...inherited(kdc, request),
    authtime: ticket.authtime,
    times,
    flags: kerberosFlags(...basicFlags(request, times), ...(forwardable ? [TicketFlag.FORWARDABLE] : [])),
  }
}

/**
 * Adds the service to the transited services, unless a KDC on the way has added it already.
 * Source: MS-PAC section 2.9.
 */
function nextHop({ sname, header }: TgsRequest, { pac }: Evidence, service: string): DelegationInfo | undefined {
  if (header.issuer !== undefined) return undefined
  const before = pac.delegationInfo?.transitedServices ?? []
  return { s4u2proxyTarget: formatName(sname), transitedServices: [...before, service] }
}
