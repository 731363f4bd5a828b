/** First octet of a KRB-ERROR, by which it is told from a reply: [APPLICATION 30]. Source: RFC 4120 section 5.9.1. */
export const KRB_ERROR_TAG = 0x7e
