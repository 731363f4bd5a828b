import { decode, KrbError } from '@s4u/krb5'

/**
 * The first octet of a KRB-ERROR, which tells it from a reply: [APPLICATION 30]. Source: RFC 4120
 * section 5.9.1.
 */
export const KRB_ERROR_TAG = 0x7e

/**
 * Returns the error code of an answer; undefined for a reply, and for octets that cannot be read.
 */
export function errorCodeIn(answer: Uint8Array): number | undefined {
  if (answer[0] !== KRB_ERROR_TAG) return undefined
  try {
    return decode(KrbError, answer).errorCode
  } catch {
    return undefined
  }
}

/** A KRB-ERROR. Nothing authenticates it. */
export interface HeardError extends KrbError {
  /**
   * The error came by UDP only. Anybody on the network may have forged it, so it is not remembered.
   */
  readonly unconfirmed?: true
}
