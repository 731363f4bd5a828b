/**
 * Makes and opens MIC and Wrap tokens of contexts with an rc4-hmac key, which are older than those
 * of RFC 4121. Their sequence numbers have 32 bits, and they do not say which key they use. Source:
 * RFC 4757 section 7.3.
 */

import { type Key, MalformedTokenError, platformRandom, rc4TokenCipher, RejectedTokenError } from '@s4u/krb5'
import { concat, sameOctets } from '../framing/octets.js'
import { Mechanism } from '../framing/oids.js'
import { type IncomingMessage, type OutgoingMessage, RC4_HMAC, type Role, type VerifiedMessage } from './per-message.js'
import { frame, unframe } from '../framing/token-framing.js'

export function makeRc4MicToken({ key, sender, sequence }: OutgoingMessage, data: Uint8Array): Uint8Array {
  const checksum = checksumOf(key, MIC_USAGE, MIC_HEADER, data)
  return frame(Mechanism.KRB5, concat(MIC_HEADER, sealSequence(key, sender, sequence, checksum), checksum))
}

/** @throws MalformedTokenError, RejectedTokenError */
export function verifyRc4MicToken(message: IncomingMessage, data: Uint8Array, token: Uint8Array): VerifiedMessage {
  const fields = readFields(token, 'MIC token')
  if (!sameOctets(fields.header, MIC_HEADER) || fields.body.length > 0)
    throw malformed('MIC token', 'the header of one, and no data')
  const key = keyOf(message)
  verify(key, MIC_USAGE, MIC_HEADER, data, fields.checksum)
  return { data, sequence: sequenceFrom(message.sender, openSequence(key, fields)), confidential: false }
}

export function makeRc4WrapToken(message: OutgoingMessage, data: Uint8Array, confidential: boolean): Uint8Array {
  const { key, sender, sequence, random = platformRandom } = message
  const header = confidential ? SEALED_HEADER : SIGNED_HEADER
  const padded = concat(random(CONFOUNDER_OCTETS), data, PADDING)
  const checksum = checksumOf(key, WRAP_USAGE, header, padded)
  const body = confidential ? rc4TokenCipher(key, 'seal', bigEndian(sequence), padded) : padded
  return frame(Mechanism.KRB5, concat(header, sealSequence(key, sender, sequence, checksum), checksum, body))
}

/** @throws MalformedTokenError, RejectedTokenError */
export function openRc4WrapToken(message: IncomingMessage, token: Uint8Array): VerifiedMessage {
  const fields = readFields(token, 'Wrap token')
  const confidential = sameOctets(fields.header, SEALED_HEADER)
  if (!confidential && !sameOctets(fields.header, SIGNED_HEADER)) throw malformed('Wrap token', 'the header of one')
  if (fields.body.length < CONFOUNDER_OCTETS + PADDING.length) throw malformed('Wrap token', 'a confounder and padding')
  const key = keyOf(message)
  const sealedSequence = openSequence(key, fields)
  const padded = confidential ? rc4TokenCipher(key, 'seal', sealedSequence.subarray(0, 4), fields.body) : fields.body
  verify(key, WRAP_USAGE, fields.header, padded, fields.checksum)
  // The cipher is a stream cipher: the padding is always one octet, 1.
  if (padded[padded.length - 1] !== PADDING[0]) throw malformed('Wrap token', 'one octet of padding')
  const data = padded.subarray(CONFOUNDER_OCTETS, -PADDING.length)
  return { data, sequence: sequenceFrom(message.sender, sealedSequence), confidential }
}

/** TOK_ID, SGN_ALG (HMAC), SEAL_ALG (RC4, or ffff for none), filler. */
const MIC_HEADER = Uint8Array.of(0x01, 0x01, 0x11, 0x00, 0xff, 0xff, 0xff, 0xff)
const SEALED_HEADER = Uint8Array.of(0x02, 0x01, 0x11, 0x00, 0x10, 0x00, 0xff, 0xff)
const SIGNED_HEADER = Uint8Array.of(0x02, 0x01, 0x11, 0x00, 0xff, 0xff, 0xff, 0xff)

const MIC_USAGE = 15
const WRAP_USAGE = 13
const CHECKSUM_OCTETS = 8
const CONFOUNDER_OCTETS = 8
const PADDING = Uint8Array.of(1)

interface Fields {
  readonly header: Uint8Array
  readonly sequence: Uint8Array
  readonly checksum: Uint8Array
  readonly body: Uint8Array
}

function readFields(token: Uint8Array, what: string): Fields {
  const { mechanism, innerToken } = unframe(token)
  if (mechanism !== Mechanism.KRB5 || innerToken.length < 24)
    throw malformed(what, 'a krb5 token of at least 24 octets')
  return {
    header: innerToken.subarray(0, 8),
    sequence: innerToken.subarray(8, 16),
    checksum: innerToken.subarray(16, 24),
    body: innerToken.subarray(24),
  }
}

/** Seals the number, followed by the sender four times. */
function sealSequence(key: Key, sender: Role, sequence: bigint, checksum: Uint8Array): Uint8Array {
  const direction = new Uint8Array(4).fill(DIRECTION[sender])
  return rc4TokenCipher(key, 'sequence', checksum, concat(bigEndian(sequence), direction))
}

function openSequence(key: Key, { sequence, checksum }: Fields): Uint8Array {
  return rc4TokenCipher(key, 'sequence', checksum, sequence)
}

/** Returns the number of an opened field, after the checksum was verified. */
function sequenceFrom(sender: Role, opened: Uint8Array): bigint {
  if (opened.subarray(4).some((octet) => octet !== DIRECTION[sender])) {
    throw new RejectedTokenError(`the message was not sent by the ${sender}`, { code: 'KRB_AP_ERR_BADDIRECTION' })
  }
  return BigInt(new DataView(opened.buffer, opened.byteOffset).getUint32(0))
}

const DIRECTION: Readonly<Record<Role, number>> = { initiator: 0, acceptor: 0xff }

function bigEndian(sequence: bigint): Uint8Array {
  const octets = new Uint8Array(4)
  new DataView(octets.buffer).setUint32(0, Number(BigInt.asUintN(32, sequence)))
  return octets
}

function checksumOf(key: Key, usage: number, header: Uint8Array, data: Uint8Array): Uint8Array {
  return key.checksum(usage, concat(header, data)).subarray(0, CHECKSUM_OCTETS)
}

/**
 * Only half of the checksum is sent. The other half is added, so that the whole is compared as
 * every checksum is.
 */
function verify(key: Key, usage: number, header: Uint8Array, data: Uint8Array, checksum: Uint8Array): void {
  const whole = key.checksum(usage, concat(header, data))
  key.verifyChecksum(usage, concat(header, data), concat(checksum, whole.subarray(CHECKSUM_OCTETS)))
}

function keyOf({ keyFor }: IncomingMessage): Key {
  const key = keyFor(true) ?? keyFor(false)
  if (key?.etype === RC4_HMAC) return key
  throw new RejectedTokenError('the message is of rc4-hmac, the key of the context is not', {
    code: 'KRB_AP_ERR_MODIFIED',
  })
}

function malformed(path: string, expected: string): MalformedTokenError {
  return new MalformedTokenError({ path, expected, found: 'another' })
}
