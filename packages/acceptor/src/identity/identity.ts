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
 * A caller, judged. Frozen. What it shows of the PAC was verified when the ticket was accepted.
 *
 * **Hang authority on `sid` together with `realm`** (or on `principal`, where there are no SIDs),
 * and never on a part of a name: every realm that is trusted can have an `alice`, and names are
 * given away again when people leave. `localName` is for programs that know users by a bare name:
 * by default nobody of another realm has one.
 */
export class Identity implements IdentityClaims {
  /**
   * `alice@AD.TEST`. Characters that could act on a terminal or a page are shown as codes
   * (`\u{202e}`, `\u{3c}`); no two are the same.
   */
  readonly principal: string
  /**
   * `alice` for a user of the service's own realm, `alice@EVIL.TEST` for one of another,
   * `alice@corp.example@AD.TEST` where the KDC has left an enterprise name in the ticket: never the
   * same for two.
   */
  readonly name: string
  /**
   * The name of a local account, as the option `localNames` has it: by default `alice` for `alice`
   * of the own realm, undefined for others.
   */
  readonly localName: string | undefined
  readonly realm: string
  readonly authenticationMethod: AuthenticationMethod
  readonly impersonationLevel: ImpersonationLevel
  /** The end of the ticket, milliseconds since the epoch. */
  readonly expiresAt: number
  readonly #claims: IdentityClaims

  /** A subclass that adds fields freezes itself when it is done. */
  constructor(claims: IdentityClaims) {
    this.principal = claims.principal
    this.name = claims.name
    this.localName = claims.localName
    this.realm = claims.realm
    this.authenticationMethod = claims.authenticationMethod
    this.impersonationLevel = claims.impersonationLevel
    this.expiresAt = claims.expiresAt
    // Taken over unread from another identity, so that making one from another does not decode the
    // PAC.
    this.#claims = #claims in claims ? claims.#claims : copyOfClaims(claims)
    if (new.target === Identity) Object.freeze(this)
  }

  /**
   * The user as the app named him to be vouched for (`identityFor`), where that is not `principal`
   * or `name`: `ALICE`, `AD\\alice`, `alice.liddell@corp.example`. For people; two names may be one
   * user. Undefined for callers who presented a ticket.
   */
  get requestedName(): string | undefined {
    return this.#claims.requestedName
  }

  /**
   * The user's security identifier: what authority should hang on, since names are given away
   * again.
   */
  get sid(): string | undefined {
    return this.#claims.sid ?? this.pac?.userSid
  }

  /** `alice@ad.test`, the name for people. Undefined outside Active Directory. */
  get upn(): string | undefined {
    const upn = this.#claims.upn ?? this.pac?.upnDnsInfo?.upn
    return upn && printableName(upn)
  }

  /**
   * The SIDs of the groups that may grant something to the user. Of a user of another realm, those
   * that this realm may give (`AcceptorOptions.domainSids`). Empty when they are not known: see
   * `groupsUnknown`.
   */
  get groups(): readonly string[] {
    return this.#claims.groups ?? groupsOf(this.pac)
  }

  /**
   * Why it is not known which groups the user is in, where it is not: the ticket had no PAC, or
   * nothing in it is believed. Such a user is in no group, and also in none that should keep it
   * out.
   */
  get groupsUnknown(): string | undefined {
    const { groups, groupsUnknown } = this.#claims
    if (groupsUnknown !== undefined) return groupsUnknown || undefined
    if (groups !== undefined || this.impersonationLevel === 'anonymous' || this.pac?.logonInfo !== undefined)
      return undefined
    return this.withheld?.because ?? 'the ticket had no PAC with LOGON_INFO'
  }

  /** What the PAC said and its realm has no authority for. Undefined where all of it counts. */
  get withheld(): Withheld | undefined {
    return withheldOf(this.pac)
  }

  /**
   * Verified with the service's key. Of a user of another realm only what is believed; `pac.bytes`
   * alone are as they were received, which nothing should be read from that grants something.
   */
  get pac(): Pac | undefined {
    return this.#claims.pac
  }

  /**
   * The services that acted for the user on the way here, nearest last: `HTTP/web.ad.test@AD.TEST`.
   * Of a user of another realm only when all are that realm's, or `AcceptorOptions.foreignPac` says
   * so: see `delegationToldBy`.
   */
  get delegatedBy(): readonly string[] {
    return shownServices(this.#claims.delegatedBy ?? this.pac?.delegationInfo?.transitedServices ?? NONE)
  }

  /**
   * The realm whose KDC may have made `delegatedBy` up, or left it empty: that of a user of another
   * realm, whose PAC our own KDC copies. Undefined where our own realm wrote it.
   */
  get delegationToldBy(): string | undefined {
    return foreignFactsOf(this.pac)?.delegationToldBy
  }

  /**
   * Undefined when the KDC does not say. `service` means that no password was seen: protocol
   * transition.
   */
  get assertedBy(): AssertedBy | undefined {
    return this.#claims.assertedBy ?? asserterOf(this.groups)
  }

  /**
   * What the directory says of the user besides groups, by claim id:
   * `claims['ad://ext/department:88d06a3b']` is `['Sales']`. Empty where the directory issues none.
   * Text, boolean or bigint.
   */
  get claims(): UserClaims {
    return this.#claims.claims ?? userClaimsOf(this.pac)
  }

  /** What the service may show a KDC to act as the caller. Not in anything that prints. */
  get evidence(): Evidence | undefined {
    return this.#claims.evidence
  }

  /**
   * Whether the PAC names this group, directly or nested. For lists of the banned, `accessCheck`
   * with entries that deny is the better question: it heeds groups that grant nothing, too.
   * @throws ConfigurationError when `sid` is no SID: names are not in tickets, and `false` would
   * hide that; GSS_S_UNAVAILABLE when nobody knows the groups (`groupsUnknown`), where `false`
   * would let those pass whom a group should keep out
   */
  isInGroup(sid: string): boolean {
    if (this.groups.includes(sid)) return true
    // Written otherwise it is the same: who asks whether somebody is *not* in a group must not be
    // told so for a zero too much.
    const canonical = formatSid(parseSid(sid))
    if (this.groupsUnknown !== undefined) throw groupsNotKnown(this.principal, this.groupsUnknown)
    return canonical !== sid && this.groups.includes(canonical)
  }

  /**
   * What a Windows security descriptor lets the caller do, answered here without a hop: all of
   * `desiredAccess`, or 0.
   *
   *     if (identity.accessCheck('D:(A;;FR;;;S-1-5-21-1-2-3-1110)', 'FR')) …
   *
   * @param securityDescriptor SDDL, or the self-relative binary form
   * @param desiredAccess a mask, or SDDL rights: `FR`, `RPWP`; with MAXIMUM_ALLOWED the answer is
   * every right there is
   * @throws ConfigurationError when the SDDL or the rights are wrong, or nobody knows the user's
   * SIDs (GSS_S_UNAVAILABLE)
   * @throws MalformedTokenError when the binary form is wrong
   */
  accessCheck(
    securityDescriptor: string | Uint8Array,
    desiredAccess: number | string,
    options?: AccessCheckOptions & CallerOptions,
  ): number {
    const closed = closeOptions('accessCheck', options, CHECK_OPTIONS)
    return checkAccess(securityDescriptor, desiredAccess, callerFromPac(this, closed), closed)
  }

  toString(): string {
    return this.principal
  }

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

/** As they may be printed. Nearly always they are. */
function shownServices(services: readonly string[]): readonly string[] {
  return services.every((service) => printableName(service) === service)
    ? services
    : Object.freeze(services.map(printableName))
}

const CHECK_OPTIONS = { ...ACCESS_CHECK_OPTIONS, ...CALLER_OPTIONS }

const NONE: readonly string[] = Object.freeze([])

/**
 * AUTHENTICATION_AUTHORITY_ASSERTED_IDENTITY and SERVICE_ASSERTED_IDENTITY. MS-DTYP section
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
