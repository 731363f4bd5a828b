import type { KdcReq, Key, PrincipalName } from '@s4u/krb5'

/** What client and KDC share in an armored exchange. Source: RFC 6113 section 5.4. */
export interface FastChannel {
  readonly armorKey: Key
  /** The nonce of the request inside the armor. */
  readonly nonce: number
  /** The client that the request inside the armor names. Undefined in a TGS exchange. */
  readonly client: PrincipalName | undefined
  readonly fastOptions: Uint8Array
  /**
   * The machine whose ticket is the armor: `kcd@AD.TEST`. Undefined for a TGS request that is
   * armored by its own ticket.
   */
  readonly device: string | undefined
}

/** The request inside the armor. The outer request, which anybody can change, does not count. */
export interface ArmoredRequest {
  readonly channel: FastChannel
  readonly request: KdcReq
}

/** Bit numbers of FastOptions. Source: RFC 6113 section 5.4.2. */
export const FastOption = {
  HIDE_CLIENT_NAMES: 1,
  KDC_FOLLOW_REFERRALS: 16,
} as const
