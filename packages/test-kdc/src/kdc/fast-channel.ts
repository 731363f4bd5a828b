import type { KdcReq, Key, PrincipalName } from '@s4u/krb5'

/** What both sides of an armored exchange share. Source: RFC 6113 section 5.4. */
export interface FastChannel {
  readonly armorKey: Key
  /** Of the request inside the armor. */
  readonly nonce: number
  /** Whom the request inside the armor names; undefined in a TGS exchange. */
  readonly client: PrincipalName | undefined
  readonly fastOptions: Uint8Array
  /** Whose ticket is the armor: `kcd@AD.TEST`. Undefined where a TGS request is its own. */
  readonly device: string | undefined
}

/** A request as it stands inside its armor. What stood around it does not count. */
export interface ArmoredRequest {
  readonly channel: FastChannel
  readonly request: KdcReq
}

/** Bit numbers of FastOptions. Source: RFC 6113 section 5.4.2. */
export const FastOption = {
  HIDE_CLIENT_NAMES: 1,
  KDC_FOLLOW_REFERRALS: 16,
} as const
