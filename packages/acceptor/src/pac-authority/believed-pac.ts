import {
  type EncTicketPart,
  type LogonInfo,
  type Pac,
  printableName,
  RejectedTokenError,
  sameRealmIgnoringCase,
} from '@s4u/krb5'
import { domainOf, type DomainSids, isDomainSid } from './domain-sids.js'
import type { ForeignStatements } from './foreign-statements.js'
import { filterPac, isServiceOf, type PacBelief } from './filter-pac.js'
import { noteForeign } from './withheld.js'
import { foreignAuthority, ownAuthority, resourceAuthority } from './sid-authority.js'

/** A PAC that shows only what is believed. */
export interface BelievedPac {
  readonly pac: Pac
  /** Whether the answer may change when more is known: the ticket is verified again then. */
  readonly provisional: boolean
}

/** What options say, and tickets have taught, about whom to believe. */
export interface PacPolicy {
  readonly domainSids: DomainSids
  readonly foreignPac: ForeignStatements
}

/** The user's realm, and the realm that sealed the ticket. */
interface Client {
  readonly realm: string
  readonly serviceRealm: string
  readonly ownRealms: readonly string[]
}

/**
 * Returns what this service believes of a PAC. The signature shows that the PAC went through our
 * own KDC. It does not show who wrote the PAC: KDCs copy what KDCs of other realms say, and many
 * KDCs filter nothing (Samba; Windows within a forest, and across external trusts without
 * quarantine). Therefore:
 *
 * 1. The user and the logon domain of a PAC are in one domain: that of the client's realm, and of
 * no other realm.
 * 2. A realm may speak for its own domain. SIDs of other domains grant nothing, but they still
 * deny.
 * 3. Names, claims, devices and transited services of other realms' PACs count where an option says
 * so.
 *
 * All this needs the domain of our own realm: from options, or from a PAC of one of its own users.
 * Until our domain is known, nothing in the PAC of another realm is believed, because that realm
 * could say that our domain is its own.
 *
 * Source: MS-PAC section 4.1.2.2.
 *
 * @param ownRealms the realms whose keys this service has
 * @throws RejectedTokenError KDC_ERR_POLICY
 */
export function believePac(
  pac: Pac,
  ticket: EncTicketPart,
  service: Omit<Client, 'realm'>,
  policy: PacPolicy,
): BelievedPac {
  const client = { realm: ticket.crealm, ...service }
  const { logonInfo } = pac
  if (sameRealmIgnoringCase(client.realm, client.serviceRealm))
    return logonInfo === undefined ? { pac, provisional: true } : believeOwn(pac, logonInfo, ticket, client, policy)
  const believed = believeForeign(pac, logonInfo, client, policy)
  const believesDelegation = policy.foreignPac(client.realm).has('delegatedBy')
  const serviceDomain = policy.domainSids.of(client.serviceRealm) ?? false
  noteForeign(believed.pac, {
    serviceDomain,
    ...(!believesDelegation && { delegationToldBy: printableName(client.realm) }),
  })
  return believed
}

/**
 * Judges a PAC of our own realm. With one own realm, everything that its KDC says is believed:
 * that KDC could name any user anyway. With several own realms, each speaks for its own domain.
 */
function believeOwn(
  pac: Pac,
  info: LogonInfo,
  ticket: EncTicketPart,
  client: Client,
  { domainSids }: PacPolicy,
): BelievedPac {
  const { realm, ownRealms } = client
  const domain = info.logonDomainId
  if (isDomainSid(domain)) {
    domainSids.requireOwn(realm, domain)
    if (isFromOwnRealmOnly(pac, ticket)) domainSids.learn(realm, domain)
  }
  if (ownRealms.length < 2) return { pac, provisional: false }
  requireUserIn(pac, client, (of) => of === domain || !isOneOf(ownRealms, of, domainSids))
  const unknown = ownRealms.filter((one) => domainSids.of(one) === undefined)
  const settled = unknown.length === 0
  if (!settled && !domainSids.isConfigured(realm)) return believeNothing(pac, client, whyUnknown(unknown), EVERYTHING)
  const may = ownAuthority({ user: domain, own: domainsOf(ownRealms, domainSids) }, settled)
  const belief: PacBelief = { realm, maySay: may, maySayResource: may, statements: EVERYTHING }
  return { pac: filterPac(pac, belief), provisional: !settled }
}

/** Judges a PAC of another realm's user. */
function believeForeign(
  pac: Pac,
  info: LogonInfo | undefined,
  client: Client,
  { domainSids, foreignPac }: PacPolicy,
): BelievedPac {
  const { realm, ownRealms } = client
  const statements = foreignPac(realm)
  const nothing = { realm, maySay: never, maySayResource: never, statements }
  if (info === undefined) return { pac: filterPac(pac, nothing), provisional: true }
  const domain = info.logonDomainId
  if (!isDomainSid(domain)) throw noDomain(realm, domain)
  requireUserIn(pac, client, (of) => of === domain)
  domainSids.requireOwn(realm, domain)
  if (!domainSids.isConfigured(realm)) {
    const unknown = ownRealms.filter((one) => domainSids.of(one) === undefined)
    if (unknown.length > 0) return believeNothing(pac, client, whyUnknown(unknown), statements)
    if (domainSids.of(realm) === undefined && !domainSids.hasRoom)
      return believeNothing(pac, client, tooMany(realm), statements)
    domainSids.learn(realm, domain)
  }
  const domains = { user: domain, own: domainsOf(ownRealms, domainSids) }
  const maySayResource = resourceAuthority(domains, statements)
  const maySay = foreignAuthority(domains, statements)
  const resource = (sid: string): boolean => maySay(sid) || maySayResource(sid)
  return { pac: filterPac(pac, { realm, maySay, maySayResource: resource, statements }), provisional: false }
}

/** Believes only the name, which the ticket has as well. */
function believeNothing(
  pac: Pac,
  { realm }: Client,
  because: string,
  statements: PacBelief['statements'],
): BelievedPac {
  const belief = { realm, maySay: never, maySayResource: never, statements, noSidsBecause: because }
  return { pac: filterPac(pac, belief), provisional: true }
}

/**
 * Returns whether a ticket came only through the user's own realm. Other tickets, as those of
 * delegation across realms, teach nothing about our domain.
 */
function isFromOwnRealmOnly({ delegationInfo }: Pac, { crealm, transited }: EncTicketPart): boolean {
  const services = delegationInfo?.transitedServices ?? []
  return transited.contents.length === 0 && services.every((service) => isServiceOf(service, crealm))
}

/**
 * Requires that the user's SID is in the right domain.
 * @throws RejectedTokenError
 */
function requireUserIn({ userSid }: Pac, { realm }: Client, isRight: (domain: string | undefined) => boolean): void {
  if (userSid === undefined || isRight(domainOf(userSid))) return
  throw foreignUser(realm, userSid)
}

function isOneOf(realms: readonly string[], domain: string | undefined, sids: DomainSids): boolean {
  return realms.some((realm) => sids.of(realm) === domain)
}

function domainsOf(realms: readonly string[], sids: DomainSids): ReadonlySet<string> {
  return new Set(realms.map((realm) => sids.of(realm)).filter((sid) => typeof sid === 'string'))
}

const never = (): boolean => false
const EVERYTHING: PacBelief['statements'] = new Set(['upn', 'claims', 'device', 'delegatedBy'])

function whyUnknown(realms: readonly string[]): string {
  const whose = realms.slice(0, 5).map(printableName).join(', ')
  return `the domain SID of ${whose} is not known yet, and without it nobody can tell which SIDs another realm may give; set domainSids (false for a realm without SIDs), or let a user of ${whose} sign in first`
}

function tooMany(realm: string): string {
  return `the domain SIDs of so many realms have been learned that ${printableName(realm)} is not remembered any more; name it in domainSids`
}

function noDomain(realm: string, sid: string): RejectedTokenError {
  return new RejectedTokenError(
    `the PAC of a user of ${printableName(realm)} has the logon domain ${sid}, which is no domain`,
    {
      code: 'KDC_ERR_POLICY',
      hint: HINT_ATTACK,
    },
  )
}

function foreignUser(realm: string, sid: string): RejectedTokenError {
  return new RejectedTokenError(
    `the PAC of a user of ${printableName(realm)} has the user SID ${sid}, which is not of that realm`,
    {
      code: 'KDC_ERR_POLICY',
      hint: HINT_ATTACK,
    },
  )
}

const HINT_ATTACK =
  'No KDC that keeps to its own domain issues this. Ask who runs the KDC of that realm, and let the trust filter SIDs: netdom trust /quarantine:yes.'
