/**
 * Limits of the ASN.1 reader. Each one bounds the work that a length field in a hostile message
 * could cause.
 */

/**
 * The most octets in one message. The largest real ones, KDC replies with the PAC of a user in more
 * than 1,000 groups, stay below 200 kB.
 */
export const MAX_MESSAGE_OCTETS = 1 << 20

/**
 * The most elements in one `SEQUENCE OF`. Real lists (padata, authorization data, tickets,
 * addresses, encryption types) have fewer than 50.
 */
export const MAX_SEQUENCE_OF_ELEMENTS = 1024

/**
 * The deepest nesting of authorization data or unknown elements. Real tokens nest less than 12
 * deep; recursion without a limit was CVE-2020-28196.
 */
export const MAX_DEPTH = 32
