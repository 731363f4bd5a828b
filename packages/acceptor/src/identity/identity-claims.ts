import type { Pac } from '@s4u/krb5'
import type { Evidence } from './evidence.js'
import { frozenClaims, type UserClaims } from './user-claims.js'

/**
 * How the caller proved its identity. `asserted` means that another part of the app vouches for the
 * caller.
 */
export type AuthenticationMethod = 'kerberos' | 'basic' | 'certificate' | 'asserted' | (string & {})

/**
 * What the service may do as the caller, from least to most. Source: MS-DTYP,
 * "SECURITY_IMPERSONATION_LEVEL".
 */
export type ImpersonationLevel = 'anonymous' | 'identification' | 'impersonation' | 'delegation'

/**
 * Who vouches for the caller: `authority` is a KDC that saw a credential, `service` a service that
 * used protocol transition. Source: MS-SFU section 3.2.5.1.2.
 */
export type AssertedBy = 'authority' | 'service'

/**
 * What an `Identity` is made of. An `Identity` itself fits, too. Members that are left out are read
 * from `pac` when they are first used.
 */
export interface IdentityClaims {
  /** The Kerberos name: `alice@AD.TEST`. */
  readonly principal: string
  /**
   * The short name: `alice`. For a user of another realm, and for an enterprise name, the whole
   * principal: `alice@EVIL.TEST`.
   */
  readonly name: string
  /** The name of a local account, as the option `localNames` maps the principal. */
  readonly localName?: string | undefined
  /** The name by which the app asked for the user, if it is another one. */
  readonly requestedName?: string | undefined
  /** The user's realm: `AD.TEST`. */
  readonly realm: string
  /** How the caller proved its identity: `kerberos` for a ticket. */
  readonly authenticationMethod: AuthenticationMethod
  /** What the service may do as the caller. */
  readonly impersonationLevel: ImpersonationLevel
  /** The end of the identity, in milliseconds since the epoch. */
  readonly expiresAt: number
  /** The verified PAC of the ticket: what Active Directory says of the user. */
  readonly pac?: Pac | undefined
  /** The user's security identifier: `S-1-5-21-1-2-3-1104`. */
  readonly sid?: string | undefined
  /** The user principal name: `alice@ad.test`. */
  readonly upn?: string | undefined
  /** The SIDs of the user's groups. */
  readonly groups?: readonly string[] | undefined
  /**
   * Why the groups are not known; questions about groups then throw. `false` means that the user is
   * in no group. Default: the reason is that there is no PAC to tell the groups.
   */
  readonly groupsUnknown?: string | false | undefined
  /** The services that acted for the user on the way here, nearest last. */
  readonly delegatedBy?: readonly string[] | undefined
  /** Who vouches for the user. */
  readonly assertedBy?: AssertedBy | undefined
  /** What the directory says of the user beside groups. */
  readonly claims?: UserClaims | undefined
  /** What the service needs to act as the caller. */
  readonly evidence?: Evidence | undefined
}

/**
 * Copies claims whose owner may change them later. Members are read one by one, because the fields
 * of an identity made by a second copy of this package are not own properties.
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
