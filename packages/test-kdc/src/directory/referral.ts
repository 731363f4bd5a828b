import { asciiLower, NameType, type PrincipalName, sameRealmIgnoringCase } from '@s4u/krb5'
import type { Destination, Directory, Trust } from './directory.js'

/**
 * Finds the account of a server name, or the trust that leads to its realm.
 *
 * Source: RFC 6806 section 8, MS-KILE section 3.3.5.1.1.
 */
export function findDestination(directory: Directory, { nameType, nameString }: PrincipalName): Destination {
  if (isTicketGrantingService(nameString)) return ticketGrantingService(directory, nameString[1])
  if (nameString.length === 1) return singleName(directory, nameString[0])
  const account = nameType === NameType.ENTERPRISE ? undefined : directory.findBySpn(nameString.join('/'))
  if (account !== undefined) return { account }
  const trust = nameString.length > 1 ? trustForHost(directory, nameString[1]) : undefined
  return trust === undefined ? undefined : { trust }
}

export function isTicketGrantingService(nameString: readonly string[]): boolean {
  return nameString.length === 2 && asciiLower(nameString[0]) === 'krbtgt'
}

/** Finds the trust that leads to a realm, directly or through others. */
export function trustTowards(directory: Directory, realm: string): Trust | undefined {
  const leadsTo = (trust: Trust): boolean => trust.beyond().some((far) => sameRealmIgnoringCase(far.realm, realm))
  return directory.findTrust(realm) ?? directory.trusts.find(leadsTo)
}

export function ticketGrantingName(realm: string): PrincipalName {
  return { nameType: NameType.SRV_INST, nameString: ['krbtgt', realm] }
}

function ticketGrantingService(directory: Directory, realm: string): Destination {
  if (directory.isOwnRealm(realm)) return { account: directory.krbtgt }
  const trust = trustTowards(directory, realm)
  return trust === undefined ? undefined : { trust }
}

/** Reads `web`, or `web@AD.TEST`: clients name a service like this to another realm. */
function singleName(directory: Directory, name: string): Destination {
  const account = name.includes('@') ? directory.findByUpn(name) : directory.findByAccountName(name)
  if (account !== undefined) return { account }
  const at = name.lastIndexOf('@')
  const trust =
    at < 0 ? undefined : (trustTowards(directory, name.slice(at + 1)) ?? trustForHost(directory, name.slice(at + 1)))
  return trust === undefined ? undefined : { trust }
}

/** Finds the trust whose domain is the longest suffix of the name of the host. */
function trustForHost(directory: Directory, hostAndPort: string): Trust | undefined {
  const host = asciiLower(hostAndPort).replace(/:\d+$/, '')
  const candidates = directory.trusts.flatMap((trust) =>
    [trust, ...trust.beyond()].flatMap(({ domains }) =>
      domains.map((domain) => ({ trust, domain: asciiLower(domain) })),
    ),
  )
  return candidates
    .filter(({ domain }) => host === domain || host.endsWith(`.${domain}`))
    .sort((a, b) => b.domain.length - a.domain.length)[0]?.trust
}
