import { openNtlmMessage } from './security-buffer.js'

/** NEGOTIATE_MESSAGE: what a client offers. MS-NLMP section 2.2.1.1. */
export interface NegotiateMessage {
  readonly flags: number
  /** The message as it was received: the MIC covers it. */
  readonly octets: Uint8Array
}

/**
 * Reads a message of type 1. What it says of domain and workstation is believed by nobody, so it is
 * not read.
 *
 * @throws MalformedTokenError
 */
export function decodeNegotiateMessage(octets: Uint8Array): NegotiateMessage {
  const reader = openNtlmMessage(octets, 1, 'NTLM.NEGOTIATE')
  return { flags: reader.u32le('NegotiateFlags'), octets: octets.slice() }
}
