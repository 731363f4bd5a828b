import { decode, KrbError } from '@s4u/krb5'

/** First octet of a KRB-ERROR, by which it is told from a reply: [APPLICATION 30]. Source: RFC 4120 section 5.9.1. */
export const KRB_ERROR_TAG = 0x7e

/** What the KDC refuses with; undefined for a reply, and for what cannot be read. */
export function errorCodeIn(answer: Uint8Array): number | undefined {
  if (answer[0] !== KRB_ERROR_TAG) return undefined
  try {
    return decode(KrbError, answer).errorCode
  } catch {
    return undefined
  }
}

/** A refusal, which nobody has signed. */
export interface HeardError extends KrbError {
  /** It came in a datagram alone, which anybody on the network may have written: nothing is to be remembered of it. */
  readonly unconfirmed?: true
}
