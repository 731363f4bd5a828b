import type { FixedField } from '../asn1/sequence.js'

/**
 * Message types, which are equal to the APPLICATION tags of the messages. Source: RFC 4120 section
 * 7.5.7.
 */
export const MessageType = {
  AS_REQ: 10,
  AS_REP: 11,
  TGS_REQ: 12,
  TGS_REP: 13,
  AP_REQ: 14,
  AP_REP: 15,
  KRB_SAFE: 20,
  KRB_PRIV: 21,
  KRB_CRED: 22,
  KRB_ERROR: 30,
} as const

/**
 * Returns the two fields with which every message begins:
 * `pvno [0] INTEGER (5), msg-type [1] INTEGER (n)`. Only KDC-REQ counts them from 1.
 */
export function messageHeader(type: number, firstTag = 0): readonly FixedField[] {
  return [
    { tag: 0xa0 | firstTag, name: 'pvno', value: 5, code: 'KRB_AP_ERR_BADVERSION' },
    { tag: 0xa0 | (firstTag + 1), name: 'msg-type', value: type, code: 'KRB_AP_ERR_MSG_TYPE' },
  ]
}
