import {
  formatName,
  formatPrincipal,
  KdcOption,
  kerberosFlags,
  type LogonInfo,
  NameType,
  type PaData,
  type Pac,
  type PacContents,
  type PrincipalName,
  TicketFlag,
} from '@s4u/krb5'
import { requireUsableAccount } from '../tickets/account-restrictions.js'
import type { Account } from '../directory/account.js'
import { s4u2selfIsForwardable } from './delegation-policy.js'
import type { Directory } from '../directory/directory.js'
import type { Grant } from '../tickets/grant.js'
import type { Kdc } from '../kdc/kdc.js'
import { basicFlags, grantOrdinary, inherited, inheritsFlag, timesOf } from '../ticket-granting/ordinary-ticket.js'
import { AssertedIdentity, copiedPac, forTicketGranting, mayNotBeDelegated, newPac } from '../tickets/pac-of.js'
import { trustTowards } from '../directory/referral.js'
import { refuse } from '../kdc/refusal.js'
import type { S4uUser } from './s4u-user.js'
import type { TgsRequest } from '../ticket-granting/tgs-request.js'
import { targetOf } from '../ticket-granting/ticket-target.js'

export interface S4u2SelfAnswer {
  readonly grant: Grant
  readonly padata?: readonly PaData[]
}

/**
 * Grants S4U2Self: a ticket to the service that asks, in the name of a user. For a user of another
 * realm, the service goes there by referrals, and comes back with a TGT in its own name, whose PAC
 * is about the user.
 *
 * Source: MS-SFU sections 3.2.5.1.1 and 3.2.5.1.2, and 4.2 for two realms.
 */
export function grantToSelf(kdc: Kdc, request: TgsRequest, user: S4uUser): S4u2SelfAnswer {
  request.exchange.kind = 'S4U2Self'
  const subject = findSubject(kdc, request, user)
  if (subject === undefined) return { grant: towardsUser(kdc, request, user) }
  request.exchange.user = formatPrincipal({ name: subject.name, realm: subject.realm })
  const padata = user.replyPadata(subject.name, subject.realm)
  if (request.trust !== undefined) return { grant: referral(kdc, request, subject), padata }
  requireSameService(request)
  return { grant: ticketToSelf(kdc, request, subject), padata }
}

/** The user, as the ticket and its PAC name the user. */
interface Subject {
  readonly name: PrincipalName
  readonly realm: string
  readonly logonInfo: LogonInfo | undefined
  pac(clientName: string, ticketGranting: boolean): PacContents
}

/** Finds the user. Undefined for a user of another realm, whom this KDC does not know yet. */
function findSubject(kdc: Kdc, request: TgsRequest, user: S4uUser): Subject | undefined {
  const { directory } = kdc
  const { pac, issuer } = request.header
  if (pac === undefined) refuse('KDC_ERR_TGT_REVOKED', 'the ticket-granting ticket has no PAC')
  if (directory.isOwnRealm(user.realm)) return localSubject(kdc, request, user)
  const said = user.name && `${formatName(user.name)}@${user.realm}`
  const vouchedFor = issuer !== undefined && said !== undefined && pac.clientInfo?.name === said
  return vouchedFor && user.name !== undefined ? foreignSubject(pac, user.name, user.realm) : undefined
}

function localSubject({ directory, writePac }: Kdc, request: TgsRequest, user: S4uUser): Subject | undefined {
  const account = findAccount(directory, user)
  if (account === undefined) {
    if (foreignRealmOf(directory, user) !== undefined) return undefined
    return refuse('KDC_ERR_C_PRINCIPAL_UNKNOWN', 'there is no such user')
  }
  requireUsableAccount(account)
  if (account === request.client) refuse('KDC_ERR_PADATA_TYPE_NOSUPP', 'a service does not impersonate itself')
  // The name as asked for: the service compares the reply with it.
  const name = user.name ?? { nameType: NameType.PRINCIPAL, nameString: [account.name] }
  const { authtime } = request.header.ticket
  const make = (clientName: string) =>
    newPac({ directory, writePac, account, authtime, clientName, asserted: AssertedIdentity.SERVICE })
  return {
    name,
    realm: directory.realm,
    logonInfo: make('').logonInfo,
    pac: (clientName, ticketGranting) =>
      ticketGranting ? forTicketGranting(make(clientName), account, undefined) : make(clientName),
  }
}

function foreignSubject(pac: Pac, name: PrincipalName, realm: string): Subject {
  const copy = (clientName: string, ticketGranting: boolean) => copiedPac(pac, { clientName, ticketGranting })
  return { name, realm, logonInfo: pac.logonInfo, pac: copy }
}

function findAccount(directory: Directory, { name, certificate }: S4uUser): Account | undefined {
  const byName = name === undefined ? undefined : directory.findClient(name)
  if (certificate === undefined) return byName
  const byCertificate = directory.findByCertificate(certificate)
  if (name !== undefined && byName !== byCertificate)
    refuse('KDC_ERR_CLIENT_NOT_TRUSTED', 'the certificate is not that user’s')
  return byCertificate
}

function foreignRealmOf(directory: Directory, { name, realm }: S4uUser): string | undefined {
  if (!directory.isOwnRealm(realm)) return realm
  const text = name?.nameString.length === 1 ? name.nameString[0] : ''
  return text.includes('@') ? trustTowards(directory, text.slice(text.lastIndexOf('@') + 1))?.realm : undefined
}

/** Grants an ordinary ticket for the realm of the user, where the service asks again. */
function towardsUser(kdc: Kdc, request: TgsRequest, user: S4uUser): Grant {
  const realm = foreignRealmOf(kdc.directory, user) ?? user.realm
  const trust = trustTowards(kdc.directory, realm)
  if (trust === undefined) return refuse('KDC_ERR_C_PRINCIPAL_UNKNOWN', `there is no way to the realm ${realm}`)
  return grantOrdinary(kdc, { ...request, service: undefined, trust })
}

/** Grants a referral back to the realm of the service, in the name of the service. */
function referral(kdc: Kdc, request: TgsRequest, subject: Subject): Grant {
  const { header, trust } = request
  if (trust !== trustTowards(kdc.directory, header.ticket.crealm))
    refuse('KRB_AP_ERR_BADMATCH', 'the service asked for is another one')
  const times = timesOf(kdc, request)
  const forwardable = inheritsFlag(request, KdcOption.FORWARDABLE, TicketFlag.FORWARDABLE)
  return {
    target: targetOf(kdc, request),
    crealm: header.ticket.crealm,
    cname: header.ticket.cname,
    ...inherited(kdc, request),
    times,
    flags: kerberosFlags(...basicFlags(request, times), ...(forwardable ? [TicketFlag.FORWARDABLE] : [])),
    pac: subject.pac(`${formatName(subject.name)}@${subject.realm}`, true),
  }
}

function requireSameService({ service, client, sname }: TgsRequest): void {
  if (client === undefined || service !== client)
    refuse('KRB_AP_ERR_BADMATCH', `${formatName(sname)} is not the service that asks`)
}

function ticketToSelf(kdc: Kdc, request: TgsRequest, subject: Subject): Grant {
  const times = timesOf(kdc, request)
  const forwardable = isForwardable(request, subject.logonInfo)
  return {
    target: targetOf(kdc, request),
    crealm: subject.realm,
    cname: subject.name,
    ...inherited(kdc, request),
    times,
    flags: kerberosFlags(...basicFlags(request, times), ...(forwardable ? [TicketFlag.FORWARDABLE] : [])),
    pac: subject.pac(formatName(subject.name), false),
  }
}

function isForwardable(request: TgsRequest, logonInfo: LogonInfo | undefined): boolean {
  const settings = request.client?.settings
  return s4u2selfIsForwardable({
    requested: inheritsFlag(request, KdcOption.FORWARDABLE, TicketFlag.FORWARDABLE),
    trustedToAuthForDelegation: settings?.trustedToAuthForDelegation === true,
    hasDelegationTargets: (settings?.allowedToDelegateTo ?? []).length > 0,
    mayNotBeDelegated: mayNotBeDelegated(logonInfo),
  })
}
