import { type Codec, decode } from '../asn1/codec.js'
import { field, optional, sequence } from '../asn1/sequence.js'
import { sequenceOf } from '../asn1/sequence-of.js'
import { MAX_DEPTH } from '../asn1/limits.js'
import { Int32, KerberosString, OctetString } from '../asn1/primitives.js'
import { MalformedTokenError } from '../errors/errors.js'
import { Checksum } from './encrypted-data.js'
import { PrincipalName } from './principal-name.js'

/**
 * Authorization data types. Source: RFC 4120 section 7.5.4, RFC 4537 section 3, RFC 7751 section 3,
 * MS-KILE section 2.2.
 */
export const AdType = {
  IF_RELEVANT: 1,
  KDC_ISSUED: 4,
  AND_OR: 5,
  MANDATORY_FOR_KDC: 8,
  INITIAL_VERIFIED_CAS: 9,
  CAMMAC: 96,
  AUTHENTICATION_INDICATOR: 97,
  WIN2K_PAC: 128,
  ETYPE_NEGOTIATION: 129,
  TOKEN_RESTRICTIONS: 141,
  KERB_LOCAL: 142,
  AUTH_DATA_AP_OPTIONS: 143,
  TARGET_PRINCIPAL: 144,
  SIGNTICKET: 512,
} as const

/**
 * One element: `SEQUENCE { ad-type [0] Int32, ad-data [1] OCTET STRING }`. Source: RFC 4120 section
 * 5.2.6.
 */
export interface AuthorizationDataElement {
  readonly adType: number
  readonly adData: Uint8Array
}

/** The authorization data of a ticket or an authenticator. Source: RFC 4120 section 5.2.6. */
export type AuthorizationData = readonly AuthorizationDataElement[]

const Element = sequence<AuthorizationDataElement>('AuthorizationDataElement', {
  adType: field(0, Int32),
  adData: field(1, OctetString),
})

/** Reads and writes AuthorizationData. Source: RFC 4120 section 5.2.6. */
export const AuthorizationData: Codec<AuthorizationData> = { ...sequenceOf(Element), name: 'AuthorizationData' }

/**
 * AD-KDCIssued: what the KDC itself states, signed with the session key (key usage 19). Source: RFC
 * 4120 section 5.2.6.2.
 */
export interface AdKdcIssued {
  readonly adChecksum: Checksum
  readonly iRealm?: string
  readonly iSname?: PrincipalName
  readonly elements: AuthorizationData
}

/** Reads and writes AD-KDCIssued. Source: RFC 4120 section 5.2.6.2. */
export const AdKdcIssued: Codec<AdKdcIssued> = sequence<AdKdcIssued>('AD-KDCIssued', {
  adChecksum: field(0, Checksum),
  iRealm: optional(1, KerberosString),
  iSname: optional(2, PrincipalName),
  elements: field(3, AuthorizationData),
})

/** AD-AND-OR: how many of the elements must be satisfied. Source: RFC 4120 section 5.2.6.3. */
export interface AdAndOr {
  readonly conditionCount: number
  readonly elements: AuthorizationData
}

/** Reads and writes AD-AND-OR. Source: RFC 4120 section 5.2.6.3. */
export const AdAndOr: Codec<AdAndOr> = sequence<AdAndOr>('AD-AND-OR', {
  conditionCount: field(0, Int32),
  elements: field(1, AuthorizationData),
})

/**
 * The contents of AD type 141: restrictions of the client's token, which a service passes on or
 * ignores. Source: MS-KILE section 2.2.6.
 */
export interface KerbAdRestrictionEntry {
  readonly restrictionType: number
  readonly restriction: Uint8Array
}

/** The contents of AD type 141. Source: MS-KILE section 2.2.6. */
export const KerbAdRestrictionEntries: Codec<readonly KerbAdRestrictionEntry[]> = {
  ...sequenceOf(
    sequence<KerbAdRestrictionEntry>('KERB-AD-RESTRICTION-ENTRY', {
      restrictionType: field(0, Int32),
      restriction: field(1, OctetString),
    }),
  ),
  name: 'KERB-AD-RESTRICTION-ENTRY',
}

/** One element, with a note about the containers in which it stood. */
export interface FoundAuthorizationData extends AuthorizationDataElement {
  /**
   * True if the element stood in AD-IF-RELEVANT: a reader that does not know its type may ignore
   * it. Source: RFC 4120 section 5.2.6.1.
   */
  readonly ifRelevant: boolean
}

/**
 * Returns all elements in order, also those inside of AD-IF-RELEVANT, however deep; the containers
 * themselves are left out.
 *
 * @throws MalformedTokenError
 *
 * @example
 * ```ts
 * import { AdType, type EncTicketPart, flattenAuthorizationData } from '@s4u/krb5'
 *
 * export function pacsIn({ authorizationData = [] }: EncTicketPart): Uint8Array[] {
 *   const all = flattenAuthorizationData(authorizationData)
 *   return all.filter(({ adType }) => adType === AdType.WIN2K_PAC).map(({ adData }) => adData)
 * }
 * ```
 */
export function flattenAuthorizationData(data: AuthorizationData, ifRelevant = false): FoundAuthorizationData[] {
  const found: FoundAuthorizationData[] = []
  collect(data, ifRelevant, 0, found)
  return found
}

function collect(data: AuthorizationData, ifRelevant: boolean, depth: number, found: FoundAuthorizationData[]): void {
  if (depth === MAX_DEPTH) {
    throw new MalformedTokenError({
      path: 'AuthorizationData',
      expected: `at most ${MAX_DEPTH} containers`,
      found: 'more',
    })
  }
  for (const { adType, adData } of data) {
    if (adType === AdType.IF_RELEVANT) collect(decode(AuthorizationData, adData), true, depth + 1, found)
    else found.push({ adType, adData, ifRelevant })
  }
}
