import { ByteWriter, filetimeOfMilliseconds } from '@s4u/krb5'
import { targetInfoOf, type TargetNames } from '../messages/challenge-message.js'
import { ntowfv2, ntProof } from './ntlmv2-keys.js'

/** Who answers which challenge, and when. */
export interface OwnResponseOptions {
  readonly user: string
  /** NetBIOS. */
  readonly domain: string
  /** The names of the server that has given the challenge. */
  readonly target: TargetNames
  readonly serverChallenge: Uint8Array
  /** Milliseconds since the epoch. */
  readonly now: number
  readonly random: (length: number) => Uint8Array
}

/**
 * Returns the response of somebody whose NT hash is known: the machine account answers for itself
 * where a controller is asked what it would say. MS-NLMP section 3.3.2.
 */
export function ownResponse(ntHash: Uint8Array, options: OwnResponseOptions): Uint8Array {
  const { user, domain, target, serverChallenge, now, random } = options
  const blob = new ByteWriter().u8(1).u8(1).zeros(6).u64le(filetimeOfMilliseconds(now)).bytes(random(8)).zeros(4)
  const octets = blob.bytes(targetInfoOf(target, now)).zeros(4).toBytes()
  const key = ntowfv2(ntHash, user, domain)
  const proof = ntProof(key, serverChallenge, octets)
  key.fill(0)
  return new ByteWriter().bytes(proof).bytes(octets).toBytes()
}
