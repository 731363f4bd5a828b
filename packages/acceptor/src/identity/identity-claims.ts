import type { Pac } from '@s4u/krb5'
import type { Evidence } from './evidence.js'
import { frozenClaims, type UserClaims } from './user-claims.js'

/** How the caller proved who it is. `asserted`: another part of the app vouches for it. */
export type AuthenticationMethod = 'kerberos' | 'basic' | 'certificate' | 'asserted' | (string & {})

/**
 * What the service may do as the caller, least first. Source: MS-DTYP,
 * "SECURITY_IMPERSONATION_LEVEL".
 */
export type ImpersonationLevel = 'anonymous' | 'identification' | 'impersonation' | 'delegation'

/**
 * Who vouches for the caller: a KDC that saw a credential, or a service by protocol transition.
 * MS-SFU section 3.2.5.1.2.
 */
export type AssertedBy = 'authority' | 'service'

/**
 * What an identity is made of. An `Identity` satisfies it; what is left out is read from `pac` when
 * it is asked for.
 */
export interface IdentityClaims {
  /** `alice@AD.TEST` */
  readonly principal: string
  /**
   * `alice`; of another realm than the service's own, and of an enterprise name, the whole
   * principal: `alice@EVIL.TEST`.
   */
  readonly name: string
  /** What the option localNames makes of the principal. */
  readonly localName?: string | undefined
  /** What the user was asked for by, where that is another name. */
  readonly requestedName?: string | undefined
  /** `AD.TEST` */
  readonly realm: string
  readonly authenticationMethod: AuthenticationMethod
  readonly impersonationLevel: ImpersonationLevel
  /** Milliseconds since the epoch. */
  readonly expiresAt: number
  readonly pac?: Pac | undefined
  readonly sid?: string | undefined
  readonly upn?: string | undefined
  readonly groups?: readonly string[] | undefined
  /**
   * Why nobody knows the groups: then whatever asks for them throws. `false`: take it that there
   * are none. Default: no PAC tells them.
   */
  readonly groupsUnknown?: string | false | undefined
  readonly delegatedBy?: readonly string[] | undefined
  readonly assertedBy?: AssertedBy | undefined
  readonly claims?: UserClaims | undefined
  readonly evidence?: Evidence | undefined
}

/**
 * The claims of others may change behind our back, and of a second copy of this package the fields
 * are not own ones.
 */
export function copyOfClaims(claims: IdentityClaims): IdentityClaims {
  return {
    principal: claims.principal,
    name: claims.name,
    localName: claims.localName,
    requestedName: claims.requestedName,
    realm: claims.realm,
    authenticationMethod: claims.authenticationMethod,
    impersonationLevel: claims.impersonationLevel,
    expiresAt: claims.expiresAt,
    pac: claims.pac,
    sid: claims.sid,
    upn: claims.upn,
    groups: claims.groups && Object.freeze([...claims.groups]),
    groupsUnknown: claims.groupsUnknown,
    delegatedBy: claims.delegatedBy && Object.freeze([...claims.delegatedBy]),
    assertedBy: claims.assertedBy,
    claims: claims.claims && frozenClaims(Object.entries(claims.claims)),
    evidence: claims.evidence,
  }
}
