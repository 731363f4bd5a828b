import { asciiLower, ConfigurationError, printableName, RejectedTokenError, shownInput, shownName } from '@s4u/krb5'
import { requireByRealm } from './by-realm.js'

/** The domain SID of each realm, as an operator writes it; `false` for a realm that has none. */
export type DomainSidsOption = Readonly<Record<string, string | false>>

/**
 * How many domains of other realms are remembered. A trusted KDC can vouch for any number of
 * realms, each of which costs some hundred octets; an enterprise has hundreds at most. Further
 * realms are not believed until `domainSids` names them.
 */
const MAX_LEARNED = 1_000

interface Pin {
  readonly realm: string
  readonly sid: string | false
  readonly configured: boolean
}

/**
 * Knows which domain a realm speaks for: one realm has one domain SID, and one SID one realm. What
 * options say never changes; the rest is learned from PACs and kept while the process lives.
 * Source: MS-PAC section 4.1.2.2.
 */
export class DomainSids {
  readonly #byRealm = new Map<string, Pin>()
  readonly #bySid = new Map<string, Pin>()
  #version = 0

  /** @throws ConfigurationError when a SID is not that of a domain, or is given twice */
  constructor(option: DomainSidsOption = {}) {
    requireByRealm('domainSids', option)
    for (const [realm, sid] of Object.entries(option)) {
      requireRealm(realm)
      requireDomainSid(realm, sid)
      const known = this.#byRealm.get(asciiLower(realm)) ?? (sid === false ? undefined : this.#bySid.get(sid))
      if (known !== undefined) throw twice(realm, known)
      this.#pin({ realm, sid, configured: true })
    }
  }

  /** Changes whenever something is learned: earlier verdicts may be different then. */
  get version(): number {
    return this.#version
  }

  /** Returns the domain SID of a realm. Undefined: not known; `false`: the realm has none. */
  of(realm: string): string | false | undefined {
    return this.#byRealm.get(asciiLower(realm))?.sid
  }

  isConfigured(realm: string): boolean {
    return this.#byRealm.get(asciiLower(realm))?.configured === true
  }

  /**
   * Warns if options name domains but not that of a realm of the keytab. A NetBIOS name (`CORP`) in
   * place of the realm (`CORP.TEST`) is such a mistake, and shows only as users of other realms
   * whose groups are not known.
   */
  warnOfUnnamed(realms: readonly string[]): void {
    if (![...this.#byRealm.values()].some(({ configured }) => configured)) return
    for (const realm of realms.filter((one) => !this.isConfigured(one))) warnOfUnnamed(realm)
  }

  /** Whether one more realm can be remembered. */
  get hasRoom(): boolean {
    return this.#byRealm.size < MAX_LEARNED
  }

  /**
   * Requires that the domain of a realm's user is that realm's, and no other realm's.
   * @throws RejectedTokenError KDC_ERR_POLICY naming realms and SIDs
   */
  requireOwn(realm: string, sid: string): void {
    const ofRealm = this.#byRealm.get(asciiLower(realm))
    if (ofRealm !== undefined && ofRealm.sid !== sid) throw otherDomain(ofRealm, realm, sid)
    const ofSid = this.#bySid.get(sid)
    if (ofSid !== undefined && ofSid !== ofRealm) throw otherRealm(ofSid, realm, sid)
  }

  /** Remembers a domain that `requireOwn` has accepted. */
  learn(realm: string, sid: string): void {
    if (this.#byRealm.has(asciiLower(realm))) return
    this.#pin({ realm, sid, configured: false })
    this.#version++
  }

  #pin(pin: Pin): void {
    this.#byRealm.set(asciiLower(pin.realm), pin)
    if (pin.sid !== false) this.#bySid.set(pin.sid, pin)
  }
}

const warned = new Set<string>()

/** Warns once for each realm of a process: several acceptors usually have the same options. */
function warnOfUnnamed(realm: string): void {
  if (warned.has(realm)) return
  warned.add(realm)
  process.emitWarning(
    `domainSids has no entry for ${printableName(realm)}, the realm of the keytab. Write the name of the realm, not the NetBIOS name of its domain; false, if it has no SIDs.`,
    { type: 'S4uWarning', code: 'S4U_DOMAIN_SIDS' },
  )
}

/**
 * Returns the domain of a SID: `S-1-5-21-1-2-3` for `S-1-5-21-1-2-3-1104`. Undefined for SIDs of no
 * domain: `S-1-5-32-544`, `S-1-18-1`.
 */
export function domainOf(sid: string): string | undefined {
  const match = IN_DOMAIN.exec(sid)
  return match === null || match[1] === NO_DOMAIN ? undefined : match[1]
}

/** Returns whether a SID is that of a domain: `S-1-5-21-1-2-3`. */
export function isDomainSid(sid: string): boolean {
  return DOMAIN.test(sid) && sid !== NO_DOMAIN
}

/** A domain has three numbers behind 21. Source: MS-DTYP section 2.4.2.4. */
const DOMAIN = /^S-1-5-21(?:-(?:0|[1-9]\d{0,9})){3}$/
const IN_DOMAIN = /^(S-1-5-21(?:-\d+){3})-\d+$/

/** Looks like a domain but is not one: COMPOUNDED_AUTHENTICATION and CLAIMS_VALID belong to it. */
const NO_DOMAIN = 'S-1-5-21-0-0-0'

/**
 * Requires the name of a realm. A principal, a list or a URL would match no realm, and the domain
 * would not be fixed. Realm names of other styles than the domain style may contain `/`, `:` and
 * `=`: RFC 4120 section 6.1.
 */
function requireRealm(realm: string): void {
  if (realm !== '' && !/[@,\n]|:\/\//.test(realm)) return
  throw new ConfigurationError(`domainSids: ${shownInput(realm)} is no realm`, {
    hint: "Write { 'CORP.TEST': 'S-1-5-21-1-2-3' }, with the name of the realm as it stands behind the @ of principals.",
  })
}

function requireDomainSid(realm: string, sid: unknown): void {
  if (sid === false || (typeof sid === 'string' && isDomainSid(sid))) return
  throw new ConfigurationError(`domainSids: what stands at ${shownInput(realm)} is not the SID of a domain`, {
    hint: "Write { 'CORP.TEST': 'S-1-5-21-1-2-3' }, the SID of any user without its last number, or false for a realm without SIDs. On Windows: (Get-ADDomain).DomainSID, on Samba: net getdomainsid.",
  })
}

function twice(realm: string, known: Pin): ConfigurationError {
  return new ConfigurationError(
    `domainSids: ${shownName(realm)} and ${shownName(known.realm)} are one realm, or have one SID`,
    {
      hint: 'A realm has one domain SID, and a domain SID belongs to one realm.',
    },
  )
}

function otherDomain(known: Pin, realm: string, sid: string): RejectedTokenError {
  const { configured, sid: right } = known
  const how = configured ? 'says domainSids' : 'said the first ticket of its users'
  return contradiction(
    `the PAC of a user of ${printableName(realm)} speaks of the domain ${sid}, but the domain of ${printableName(realm)} is ${right || 'none'}, ${how}`,
  )
}

function otherRealm(known: Pin, realm: string, sid: string): RejectedTokenError {
  const how = known.configured ? 'says domainSids' : 'said the first ticket of its users'
  return contradiction(
    `the PAC of a user of ${printableName(realm)} speaks of the domain ${sid}, which is that of ${printableName(known.realm)}, ${how}`,
  )
}

function contradiction(message: string): RejectedTokenError {
  return new RejectedTokenError(message, {
    code: 'KDC_ERR_POLICY',
    hint: 'One of two realms claims the domain of another: an attack, or a realm that was set up anew. Write down which SID is whose in the option domainSids.',
  })
}
