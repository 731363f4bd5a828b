import { asciiLower, ConfigurationError, printableName, RejectedTokenError, shownInput, shownName } from '@s4u/krb5'
import { requireByRealm } from './by-realm.js'

/**
 * The domain SID of each realm, as an operator writes it down; `false` for a realm that has none.
 */
export type DomainSidsOption = Readonly<Record<string, string | false>>

/**
 * Domains of foreign realms that are remembered. A trusted KDC can vouch for realms without number,
 * and each costs some hundred octets; an enterprise has hundreds at most. What comes then is not
 * believed until `domainSids` names it.
 */
const MAX_LEARNED = 1_000

interface Pin {
  readonly realm: string
  readonly sid: string | false
  readonly configured: boolean
}

/**
 * Which domain a realm speaks for: one realm, one domain SID, in both directions. What options say
 * is never changed; the rest is learned from PACs and kept as long as the process lives. Source:
 * MS-PAC section 4.1.2.2.
 */
export class DomainSids {
  readonly #byRealm = new Map<string, Pin>()
  readonly #bySid = new Map<string, Pin>()
  #version = 0

  /** @throws ConfigurationError when a SID is no domain's, or stands there twice */
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

  /**
   * Changes whenever something was learned: what was judged before may be judged otherwise then.
   */
  get version(): number {
    return this.#version
  }

  /** Undefined: not known; `false`: there is none. */
  of(realm: string): string | false | undefined {
    return this.#byRealm.get(asciiLower(realm))?.sid
  }

  isConfigured(realm: string): boolean {
    return this.#byRealm.get(asciiLower(realm))?.configured === true
  }

  /**
   * Tells whom options have forgotten: where they name domains, and none of a realm of the keytab.
   * A NetBIOS name (`CORP`) in place of the realm (`CORP.TEST`) would be such a mistake, and would
   * show as foreign users whose groups nobody knows.
   */
  warnOfUnnamed(realms: readonly string[]): void {
    if (![...this.#byRealm.values()].some(({ configured }) => configured)) return
    for (const realm of realms.filter((one) => !this.isConfigured(one))) warnOfUnnamed(realm)
  }

  /** Whether another foreign realm can still be remembered. */
  get hasRoom(): boolean {
    return this.#byRealm.size < MAX_LEARNED
  }

  /**
   * The domain that a PAC of a realm's user names must be that realm's, and no other realm's.
   * @throws RejectedTokenError KDC_ERR_POLICY naming realms and SIDs
   */
  requireOwn(realm: string, sid: string): void {
    const ofRealm = this.#byRealm.get(asciiLower(realm))
    if (ofRealm !== undefined && ofRealm.sid !== sid) throw otherDomain(ofRealm, realm, sid)
    const ofSid = this.#bySid.get(sid)
    if (ofSid !== undefined && ofSid !== ofRealm) throw otherRealm(ofSid, realm, sid)
  }

  /** Only for what `requireOwn` has let pass. */
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

/** Once for a realm and process: several acceptors mostly have the same options. */
function warnOfUnnamed(realm: string): void {
  if (warned.has(realm)) return
  warned.add(realm)
  process.emitWarning(
    `domainSids has no entry for ${printableName(realm)}, the realm of the keytab. Write the name of the realm, not the NetBIOS name of its domain; false, if it has no SIDs.`,
    { type: 'S4uWarning', code: 'S4U_DOMAIN_SIDS' },
  )
}

/**
 * `S-1-5-21-1-2-3` of `S-1-5-21-1-2-3-1104`. Undefined for what belongs to no domain:
 * `S-1-5-32-544`, `S-1-18-1`.
 */
export function domainOf(sid: string): string | undefined {
  const match = IN_DOMAIN.exec(sid)
  return match === null || match[1] === NO_DOMAIN ? undefined : match[1]
}

export function isDomainSid(sid: string): boolean {
  return DOMAIN.test(sid) && sid !== NO_DOMAIN
}

/** MS-DTYP section 2.4.2.4: a domain has three numbers behind 21. */
const DOMAIN = /^S-1-5-21(?:-(?:0|[1-9]\d{0,9})){3}$/
const IN_DOMAIN = /^(S-1-5-21(?:-\d+){3})-\d+$/

/** In the form of a domain, and none: COMPOUNDED_AUTHENTICATION and CLAIMS_VALID are in it. */
const NO_DOMAIN = 'S-1-5-21-0-0-0'

/**
 * A principal, a list or a URL would never match, and the domain not be pinned. Names of other
 * styles than that of domains may have `/`, `:` and `=` in them: RFC 4120 section 6.1.
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
