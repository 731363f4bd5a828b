import { type ByteReader, ByteWriter, filetimeOfMilliseconds } from '@s4u/krb5'
import { AvId, encodeAvPairs } from './av-pairs.js'
import { openNtlmMessage, payloadOf, readSecurityBuffer, SIGNATURE } from './security-buffer.js'
import { encodeText } from './text.js'

/** Who we are, as a controller compares it. MS-APDS section 3.1.5.2. */
export interface TargetNames {
  /** The NetBIOS name of the domain: `CORP`. */
  readonly domain: string
  /** The name of the machine account without `$`: `WEB01`. */
  readonly computer: string
  /** `corp.test` */
  readonly dnsDomain: string
  /** `web01.corp.test` */
  readonly dnsComputer: string
}

/** CHALLENGE_MESSAGE. MS-NLMP section 2.2.1.2. */
export interface ChallengeMessage {
  readonly flags: number
  /** Eight octets that were never used before. */
  readonly serverChallenge: Uint8Array
  /** Pairs about the server, as octets. */
  readonly targetInfo: Uint8Array
}

/**
 * Returns the pairs about us. There is no pair FLAGS: with one, Windows makes a MIC that cannot be
 * verified.
 *
 * @param now milliseconds since the epoch
 */
export function targetInfoOf({ domain, computer, dnsDomain, dnsComputer }: TargetNames, now: number): Uint8Array {
  const time = new ByteWriter(8).u64le(filetimeOfMilliseconds(now)).toBytes()
  return encodeAvPairs([
    [AvId.NETBIOS_DOMAIN, encodeText(domain)],
    [AvId.NETBIOS_COMPUTER, encodeText(computer)],
    [AvId.DNS_DOMAIN, encodeText(dnsDomain)],
    [AvId.DNS_COMPUTER, encodeText(dnsComputer)],
    [AvId.TIMESTAMP, time],
  ])
}

export function encodeChallengeMessage(message: ChallengeMessage, domain: string): Uint8Array {
  const { flags, serverChallenge, targetInfo } = message
  const name = encodeText(domain)
  const writer = new ByteWriter(HEAD + name.length + targetInfo.length).bytes(SIGNATURE).u32le(2)
  const buffer = (length: number, offset: number): unknown =>
    writer.length16le(length, 'a name').length16le(length, 'a name').u32le(offset)
  buffer(name.length, HEAD)
  writer.u32le(flags).bytes(serverChallenge).zeros(8)
  buffer(targetInfo.length, HEAD + name.length)
  return writer.bytes(VERSION).bytes(name).bytes(targetInfo).toBytes()
}

/**
 * Reads a message of type 2.
 *
 * @throws MalformedTokenError
 */
export function decodeChallengeMessage(octets: Uint8Array): ChallengeMessage {
  const reader: ByteReader = openNtlmMessage(octets, 2, 'NTLM.CHALLENGE')
  reader.skip(8, 'TargetName')
  const flags = reader.u32le('NegotiateFlags')
  const serverChallenge = reader.bytes(8, 'ServerChallenge')
  reader.skip(8, 'Reserved')
  const info = readSecurityBuffer(reader, 'TargetInfo')
  return { flags, serverChallenge, targetInfo: payloadOf(octets, info, { field: 'TargetInfo', fixed: 48 }) }
}

const HEAD = 56

/**
 * Windows 10, NTLMSSP revision 15: what every server has said for years. MS-NLMP section 2.2.2.10.
 */
const VERSION = Uint8Array.of(10, 0, 0, 0, 0, 0, 0, 15)
