/** A trust between the own domain and another, as the own one has it. */
export interface DirectoryTrust {
  /** `partner.test`: the domain in DNS, or the name of a realm of MIT or Heimdal. */
  readonly partner: string
  /** `PARTNER` (NetBIOS); undefined for a realm. */
  readonly flatName: string | undefined
  /** `S-1-5-21-…` of the other domain; undefined for a realm. */
  readonly sid: string | undefined
  readonly kind: TrustKind
  /** Users of the other domain may come to services of the own one (outbound). */
  readonly letsIn: boolean
  /** Users of the own domain may go to services of the other one (inbound). */
  readonly letsOut: boolean
  /** Users of the other domain may use only what lists them: "allowed to authenticate". */
  readonly selectiveAuthentication: boolean
  /**
   * SIDs in tickets of the other domain that are not its own are left out. Undefined where there is
   * nothing to filter: within the forest, and for realms, which have no SIDs.
   */
  readonly sidFiltering: boolean | undefined
  /** The flags as they are (trustAttributes, MS-ADTS section 6.1.6.7.9). */
  readonly attributes: number
}

/**
 * What a trust joins: domains of one forest, two forests with all their domains, two domains, or a
 * domain and a realm of another kind of KDC.
 */
export type TrustKind = 'withinForest' | 'forest' | 'external' | 'realm'
