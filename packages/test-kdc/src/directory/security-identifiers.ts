import { asciiLower, ConfigurationError, parseSid } from '@s4u/krb5'

/**
 * Returns the domain SID of a realm: always the same for a name, so that tests can write it down.
 */
export function newDomainSid(realm: string): string {
  return `S-1-5-21-${[1, 2, 3].map((salt) => fnv1a(`${salt}${realm}`)).join('-')}`
}

/** Gives out relative identifiers, in the order in which accounts and groups are first named. */
export class RelativeIds {
  readonly #domainSid: string
  readonly #groups = new Map<string, string>()
  #next = FIRST_RELATIVE_ID

  constructor(domainSid: string) {
    this.#domainSid = domainSid
    this.#groups.set('domain admins', `${domainSid}-${DOMAIN_ADMINS}`)
    this.#groups.set('domain users', `${domainSid}-${DOMAIN_USERS}`)
    this.#groups.set('protected users', `${domainSid}-${PROTECTED_USERS}`)
  }

  next(): number {
    return this.#next++
  }

  /**
   * Returns the SID of a group, which is made when the name is new. A SID is returned as it is.
   *
   * @throws ConfigurationError
   */
  groupSid(nameOrSid: string): string {
    if (nameOrSid === '') throw new ConfigurationError('a group has no name')
    if (/^S-\d/.test(nameOrSid)) {
      parseSid(nameOrSid)
      return nameOrSid
    }
    const known = this.findGroup(nameOrSid)
    if (known !== undefined) return known
    const sid = `${this.#domainSid}-${this.next()}`
    this.#groups.set(asciiLower(nameOrSid), sid)
    return sid
  }

  findGroup(name: string): string | undefined {
    return this.#groups.get(asciiLower(name))
  }
}

/** Relative identifiers of the groups that every domain has. Source: MS-DTYP section 2.4.2.4. */
export const DOMAIN_ADMINS = 512
export const DOMAIN_USERS = 513
export const PROTECTED_USERS = 525

/** Windows gives accounts that people make identifiers above 1000. */
const FIRST_RELATIVE_ID = 1104

/** FNV-1a: 32 bits that differ between names. No secret depends on them. */
function fnv1a(text: string): number {
  let hash = 0x811c_9dc5
  for (const octet of new TextEncoder().encode(text)) hash = Math.imul(hash ^ octet, 0x0100_0193) >>> 0
  return hash
}
