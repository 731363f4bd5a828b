import { ByteReader, millisecondsOfFiletime, RejectedTokenError } from '@s4u/krb5'
import { readAvPairs } from './av-pairs.js'

/** NTLMv2_RESPONSE. MS-NLMP sections 2.2.2.7 and 2.2.2.8. */
export interface Ntlmv2Response {
  /** NTProofStr, 16 octets. */
  readonly proof: Uint8Array
  /** NTLMv2_CLIENT_CHALLENGE: what the proof covers beside the challenge of the server. */
  readonly blob: Uint8Array
  /** The time of the client, or the one that our challenge said; milliseconds since the epoch. */
  readonly time: number
  readonly pairs: ReadonlyMap<number, Uint8Array>
}

/**
 * Reads the response to a challenge.
 *
 * @throws RejectedTokenError STATUS_NTLM_BLOCKED for an older or an anonymous response
 * @throws MalformedTokenError
 */
export function decodeNtlmv2Response(octets: Uint8Array): Ntlmv2Response {
  if (octets.length === NTLMV1_LENGTH) throw older()
  const reader = new ByteReader(octets, 'NTLM.AUTHENTICATE.NtChallengeResponse')
  const proof = reader.bytes(16, 'Response')
  const blob = octets.subarray(16)
  const versions = [reader.u8('RespType'), reader.u8('HiRespType')]
  if (versions.some((version) => version !== 1)) reader.fail('RespType', '1, 1', versions.join(', '))
  reader.skip(6, 'Reserved')
  const time = millisecondsOfFiletime(reader.u64le('TimeStamp'))
  reader.skip(12, 'ChallengeFromClient')
  const pairs = readAvPairs(reader)
  if (reader.remaining > 4 || reader.rest().some((octet) => octet !== 0))
    reader.fail('AvPairs', 'at most four zeros behind the end', 'more')
  return { proof, blob, time, pairs }
}

function older(): RejectedTokenError {
  return new RejectedTokenError('the client answered with NTLM version 1, which is not accepted', {
    code: 'STATUS_NTLM_BLOCKED',
    hint: 'Set LmCompatibilityLevel to 3 or more at the client (Group Policy: "Send NTLMv2 response only"): version 1 can be broken within a day.',
  })
}

/** A response of version 1 has this length, and one of version 2 at least 44. */
const NTLMV1_LENGTH = 24
