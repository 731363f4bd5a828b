import { asciiLower, asciiUpper, decodeSid } from '@s4u/krb5'
import { DirectoryError } from '../errors.js'
import { dnOfDomain, domainOfDn } from '../ldap/distinguished-name.js'
import type { DirectoryEntry } from '../ldap/directory-entry.js'
import type { Session } from '../session/open-session.js'
import { searchPage } from '../session/search-page.js'
import type { DirectoryTrust } from '../interface/directory-trust.js'
import { readEntry } from '../search/read-entry.js'
import { readTrust, TRUST_ATTRIBUTES } from './trusts.js'

/**
 * A domain whose accounts are known here: the own one, one of the forest, or one that is trusted.
 */
export interface KnownDomain {
  /** `corp.test` */
  readonly dns: string
  /** `CORP` (NetBIOS) */
  readonly flatName: string
  /** `S-1-5-21-…` of the domain; undefined where it is not known yet. */
  readonly sid: string | undefined
  readonly relation: 'own' | 'forest' | 'trusted'
}

/** The domains that the own directory names, and what leads to them. */
export class DomainMap {
  readonly domains: readonly KnownDomain[]
  /** Those of the own domain, realms that have no domain here among them. */
  readonly trusts: readonly DirectoryTrust[]

  constructor(domains: readonly KnownDomain[], trusts: readonly DirectoryTrust[] = []) {
    this.domains = domains
    this.trusts = trusts
  }

  get own(): KnownDomain | undefined {
    return this.domains.find(({ relation }) => relation === 'own')
  }

  /** By `CORP` or `corp.test`, in any letter case. */
  named(name: string): KnownDomain | undefined {
    const wanted = asciiLower(name)
    return this.domains.find(({ dns, flatName }) => dns === wanted || asciiLower(flatName) === wanted)
  }

  /**
   * Returns the known domain of a distinguished name: `DC=DomainDnsZones,DC=corp,DC=test` belongs
   * to corp.test. Returns undefined for a name of another domain: the author of a name must not
   * choose which name servers and controllers are asked.
   */
  ofDn(dn: string): KnownDomain | undefined {
    const name = domainOfDn(dn) ?? ''
    const owners = this.domains.filter(({ dns }) => name === dns || name.endsWith(`.${dns}`))
    return owners.sort((a, b) => b.dns.length - a.dns.length)[0]
  }

  /** The domain that a SID of an account belongs to. */
  ofSid(sid: string): KnownDomain | undefined {
    const domainSid = sid.slice(0, sid.lastIndexOf('-'))
    return this.domains.find((domain) => domain.sid !== undefined && (domain.sid === domainSid || domain.sid === sid))
  }
}

/** More are not read. */
const MAX_DOMAINS = 1_000

/**
 * Reads them from a controller of the own domain: its own SID, the domains of the forest, and
 * trusts.
 */
export async function readDomains(session: Session, signal: AbortSignal): Promise<DomainMap> {
  const { rootDse } = session
  if (!rootDse.isActiveDirectory) return new DomainMap([])
  const own = await readEntry(session, rootDse.domainDn, ['objectSid'], signal)
  const ownSid = own?.octets('objectSid')
  const forest = await list(
    session,
    `CN=Partitions,${rootDse.configurationDn ?? ''}`,
    '(&(objectClass=crossRef)(nETBIOSName=*))',
    ['nETBIOSName', 'dnsRoot', 'nCName'],
    signal,
  )
  const entries = await list(
    session,
    `CN=System,${rootDse.domainDn}`,
    '(objectClass=trustedDomain)',
    TRUST_ATTRIBUTES,
    signal,
  )
  const trusts = entries.map(readTrust).filter((trust) => trust !== undefined)
  const known = forest.map((entry) => forestDomain(entry, rootDse.domainDn, ownSid && decodeSid(ownSid)))
  const trusted = trusts.flatMap(trustedDomain)
  const sidOf = (dns: string): string | undefined => trusted.find((one) => one.dns === dns)?.sid
  const domains = [
    // Between a domain and its parent there is a trust too, which has the SID.
    ...known.map((domain) => ({ ...domain, sid: domain.sid ?? sidOf(domain.dns) })),
    ...trusted.filter(({ dns }) => !known.some((one) => one.dns === dns)),
  ]
  return new DomainMap(domains, trusts)
}

async function list(
  session: Session,
  base: string,
  filter: string,
  attributes: readonly string[],
  signal: AbortSignal,
): Promise<readonly DirectoryEntry[]> {
  const request = { base, scope: 'sub', filter, attributes, pageSize: MAX_DOMAINS, referrals: false } as const
  const { entries, cookie } = await searchPage(session, request, undefined, signal)
  if (cookie !== undefined) throw tooManyDomains(base, session.controller.label)
  return entries
}

/**
 * Makes the error for too many domains. A list that is cut off would make the names of the other
 * domains look unknown.
 */
function tooManyDomains(base: string, server: string): DirectoryError {
  return new DirectoryError('sizeLimitExceeded', {
    ...{ operation: 'search', resultCode: 4, server },
    diagnostic: `more than ${MAX_DOMAINS} domains are below ${base}`,
  })
}

function forestDomain(entry: DirectoryEntry, ownDn: string, ownSid: string | undefined): KnownDomain {
  const dn = entry.text('nCName') ?? ''
  const isOwn = asciiLower(dn) === asciiLower(ownDn)
  const dns = asciiLower(entry.text('dnsRoot') ?? domainOfDn(dn) ?? '')
  const sid = isOwn ? ownSid : undefined
  return { dns, flatName: asciiUpper(entry.text('nETBIOSName') ?? ''), sid, relation: isOwn ? 'own' : 'forest' }
}

/** A realm that has no SID has no accounts that can be asked for. */
function trustedDomain({ partner, flatName = '', sid }: DirectoryTrust): KnownDomain[] {
  return sid === undefined ? [] : [{ dns: partner, flatName, sid, relation: 'trusted' }]
}

/** Where the accounts of a domain are. */
export function baseOf(domain: KnownDomain): string {
  return dnOfDomain(domain.dns)
}
