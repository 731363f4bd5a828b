import { closeOptions, formatSid, parseSid, printableName } from '@s4u/krb5'
import type { Pac } from '@s4u/krb5'
import { ACCESS_CHECK_OPTIONS, type AccessCheckOptions, checkAccess } from '../access-check/access-check.js'
import { CALLER_OPTIONS, callerFromPac, type CallerOptions, groupsNotKnown } from './caller-from-pac.js'
import type { Evidence } from './evidence.js'
import {
  type AssertedBy,
  type AuthenticationMethod,
  copyOfClaims,
  type IdentityClaims,
  type ImpersonationLevel,
} from './identity-claims.js'
import { foreignFactsOf, type Withheld, withheldOf } from '../pac-authority/withheld.js'
import { printableClaims, type UserClaims, userClaimsOf } from './user-claims.js'

/**
 * The identity of a caller whose token was accepted. It is frozen, and what it shows of the PAC was
 * verified when the ticket was accepted.
 *
 * **Tie rights to `sid` together with `realm`** (to `principal`, where there are no SIDs), and
 * never to a part of a name. Every trusted realm can have an `alice`, and a name may be given to
 * another person when its owner leaves. `localName` is for programs that know users by a short
 * name; by default users of other realms have none.
 *
 * @example
 * ```ts
 * import type { Identity } from '@s4u/acceptor'
 *
 * export function mayRead(caller: Identity): boolean {
 *   console.log(caller.principal, caller.sid, caller.groups.length)
 *   return caller.isInGroup('S-1-5-21-1-2-3-1110')
 * }
 * ```
 */
export class Identity implements IdentityClaims {
  /**
   * The Kerberos name: `alice@AD.TEST`. Characters that could act on a terminal or a page are shown
   * as codes (`\u{202e}`, `\u{3c}`). No two principals look the same.
   */
  readonly principal: string
  /**
   * The short name: `alice` for a user of the service's own realm, `alice@EVIL.TEST` for a user of
   * another, `alice@corp.example@AD.TEST` where the KDC has left an enterprise name in the ticket.
   * Two users never have the same one.
   */
  readonly name: string
  /**
   * The name of a local account, as the option `localNames` maps it. By default `alice` for `alice`
   * of the own realm, and undefined for users of other realms.
   */
  readonly localName: string | undefined
  /** The user's realm: `AD.TEST`. */
  readonly realm: string
  /** How the caller proved its identity: `kerberos` for a ticket. */
  readonly authenticationMethod: AuthenticationMethod
  /** What the service may do as the caller. */
  readonly impersonationLevel: ImpersonationLevel
  /** The end of the ticket, in milliseconds since the epoch. */
  readonly expiresAt: number
  readonly #claims: IdentityClaims

  /** Makes an identity. A subclass that adds fields freezes itself when it is complete. */
  constructor(claims: IdentityClaims) {
    this.principal = claims.principal
    this.name = claims.name
    this.localName = claims.localName
    this.realm = claims.realm
    this.authenticationMethod = claims.authenticationMethod
    this.impersonationLevel = claims.impersonationLevel
    this.expiresAt = claims.expiresAt
    // Copied unread from another identity, so that making one from another does not decode the PAC.
    this.#claims = #claims in claims ? claims.#claims : copyOfClaims(claims)
    if (new.target === Identity) Object.freeze(this)
  }

  /**
   * The name by which the app asked for the user in `identityFor`, if it is neither `principal` nor
   * `name`: `ALICE`, `AD\\alice`, `alice.liddell@corp.example`. It is for people to read: two such
   * names may be one user. Undefined for callers who presented a ticket.
   */
  get requestedName(): string | undefined {
    return this.#claims.requestedName
  }

  /**
   * The user's security identifier (SID). Tie rights to it: unlike names, SIDs are never reused.
   */
  get sid(): string | undefined {
    return this.#claims.sid ?? this.pac?.userSid
  }

  /**
   * The user principal name, which people know: `alice@ad.test`. Undefined outside Active
   * Directory.
   */
  get upn(): string | undefined {
    const upn = this.#claims.upn ?? this.pac?.upnDnsInfo?.upn
    return upn && printableName(upn)
  }

  /**
   * The SIDs of the groups that may grant rights to the user. For a user of another realm, only
   * those that its realm may give (`AcceptorOptions.domainSids`). Empty when the groups are not
   * known: see `groupsUnknown`.
   */
  get groups(): readonly string[] {
    return this.#claims.groups ?? groupsOf(this.pac)
  }

  /**
   * Why the user's groups are not known: the ticket had no PAC, or nothing in it is believed.
   * Undefined if they are known. Such a user is in no group, not even in one that should keep it
   * out.
   */
  get groupsUnknown(): string | undefined {
    const { groups, groupsUnknown } = this.#claims
    if (groupsUnknown !== undefined) return groupsUnknown || undefined
    if (groups !== undefined || this.impersonationLevel === 'anonymous' || this.pac?.logonInfo !== undefined)
      return undefined
    return this.withheld?.because ?? 'the ticket had no PAC with LOGON_INFO'
  }

  /**
   * What the PAC said although its realm has no authority for it. Undefined if everything counts.
   */
  get withheld(): Withheld | undefined {
    return withheldOf(this.pac)
  }

  /**
   * The PAC, verified with the service's key. For a user of another realm it holds only what is
   * believed. `pac.bytes` are the octets as received: grant nothing by what they say.
   */
  get pac(): Pac | undefined {
    return this.#claims.pac
  }

  /**
   * The services that acted for the user on the way here, nearest last: `HTTP/web.ad.test@AD.TEST`.
   * For a user of another realm they are shown only if all are that realm's, or
   * `AcceptorOptions.foreignPac` believes it: see `delegationToldBy`.
   */
  get delegatedBy(): readonly string[] {
    return shownServices(this.#claims.delegatedBy ?? this.pac?.delegationInfo?.transitedServices ?? NONE)
  }

  /**
   * The realm whose KDC may have made up `delegatedBy`, or emptied it: that of a user of another
   * realm, whose PAC our own KDC copies. Undefined if our own realm wrote it.
   */
  get delegationToldBy(): string | undefined {
    return foreignFactsOf(this.pac)?.delegationToldBy
  }

  /**
   * Who vouches for the user. `service` means that no KDC saw a password or key of the user
   * (protocol transition). Undefined when the KDC does not say.
   */
  get assertedBy(): AssertedBy | undefined {
    return this.#claims.assertedBy ?? asserterOf(this.groups)
  }

  /**
   * What the directory says of the user beside groups, by claim id:
   * `claims['ad://ext/department:88d06a3b']` is `['Sales']`. Values are text, boolean or bigint.
   * Empty if the directory issues no claims.
   */
  get claims(): UserClaims {
    return this.#claims.claims ?? userClaimsOf(this.pac)
  }

  /** What the service may show a KDC to act as the caller. It is in nothing that prints. */
  get evidence(): Evidence | undefined {
    return this.#claims.evidence
  }

  /**
   * Returns whether the user is in a group, directly or through another group. For a list of banned
   * people, `accessCheck` with entries that deny is the better question: it also counts groups that
   * grant nothing.
   * @throws ConfigurationError when `sid` is not a SID: tickets do not hold names, and `false`
   * would hide the mistake
   * @throws ConfigurationError GSS_S_UNAVAILABLE when the groups are not known (`groupsUnknown`):
   * `false` would admit callers that a group should keep out
   */
  isInGroup(sid: string): boolean {
    if (this.groups.includes(sid)) return true
    // A SID can be written in several ways. An app that asks whether a caller is *not* in a group
    // must not be told so because of a leading zero.
    const canonical = formatSid(parseSid(sid))
    if (this.groupsUnknown !== undefined) throw groupsNotKnown(this.principal, this.groupsUnknown)
    return canonical !== sid && this.groups.includes(canonical)
  }

  /**
   * Returns the access that a Windows security descriptor allows the caller: all of
   * `desiredAccess`, or 0. The answer is computed here, without a request to a domain controller.
   *
   * @param securityDescriptor SDDL, or the self-relative binary form
   * @param desiredAccess a mask, or SDDL rights: `FR`, `RPWP`. With MAXIMUM_ALLOWED the answer is
   * every right that the caller has
   * @throws ConfigurationError when the SDDL or the rights are wrong, or the user's SIDs are not
   * known (GSS_S_UNAVAILABLE)
   * @throws MalformedTokenError when the binary form is wrong
   *
   * @example
   * ```ts
   * import type { Identity } from '@s4u/acceptor'
   *
   * export function mayReadFile(caller: Identity): boolean {
   *   return caller.accessCheck('D:(A;;FR;;;S-1-5-21-1-2-3-1110)', 'FR') !== 0
   * }
   * ```
   */
  accessCheck(
    securityDescriptor: string | Uint8Array,
    desiredAccess: number | string,
    options?: AccessCheckOptions & CallerOptions,
  ): number {
    const closed = closeOptions('accessCheck', options, CHECK_OPTIONS)
    return checkAccess(securityDescriptor, desiredAccess, callerFromPac(this, closed), closed)
  }

  /** Returns the principal. */
  toString(): string {
    return this.principal
  }

  /** Returns what may be logged and sent to a client: no evidence and no PAC. */
  toJSON(): object {
    const { principal, name, requestedName, realm, sid, upn, authenticationMethod, impersonationLevel } = this
    const { assertedBy, delegatedBy, groups, expiresAt } = this
    const claims = printableClaims(this.claims)
    const who = { principal, name, requestedName, realm, sid, upn }
    return { ...who, authenticationMethod, impersonationLevel, assertedBy, delegatedBy, groups, claims, expiresAt }
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return `${this.constructor.name}(${this.principal}, ${this.authenticationMethod}, ${this.impersonationLevel})`
  }
}

/**
 * Returns names that are safe to print. Nearly all names are, so the list itself is usually
 * returned.
 */
function shownServices(services: readonly string[]): readonly string[] {
  return services.every((service) => printableName(service) === service)
    ? services
    : Object.freeze(services.map(printableName))
}

const CHECK_OPTIONS = { ...ACCESS_CHECK_OPTIONS, ...CALLER_OPTIONS }

const NONE: readonly string[] = Object.freeze([])

/**
 * AUTHENTICATION_AUTHORITY_ASSERTED_IDENTITY and SERVICE_ASSERTED_IDENTITY. Source: MS-DTYP section
 * 2.4.2.4.
 */
const ASSERTED_BY_AUTHORITY = 'S-1-18-1'
const ASSERTED_BY_SERVICE = 'S-1-18-2'

function groupsOf(pac: Pac | undefined): readonly string[] {
  const user = pac?.userSid
  return pac?.sids().filter((sid) => sid !== user) ?? NONE
}

function asserterOf(groups: readonly string[]): AssertedBy | undefined {
  if (groups.includes(ASSERTED_BY_SERVICE)) return 'service'
  return groups.includes(ASSERTED_BY_AUTHORITY) ? 'authority' : undefined
}
