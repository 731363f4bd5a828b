/** Makes and opens MIC and Wrap tokens, without state. Source: RFC 4121 section 4.2. */

import { type Key, KeyUsage, MalformedTokenError, type RandomSource, RejectedTokenError } from '@s4u/krb5'
import { concat } from '../framing/octets.js'

/** The encryption type rc4-hmac, which has older tokens of its own (RFC 4757 section 7). */
export const RC4_HMAC = 23

/** The side of a context: the initiator has a ticket, the acceptor has the keytab. */
export type Role = 'initiator' | 'acceptor'

export interface OutgoingMessage {
  readonly key: Key
  /** Whether `key` is the subkey that the acceptor sent in its AP-REP. */
  readonly acceptorSubkey: boolean
  readonly sender: Role
  readonly sequence: bigint
  readonly random?: RandomSource
}

export interface IncomingMessage {
  /** Returns the key for the token's AcceptorSubkey flag; undefined refuses the token. */
  keyFor(acceptorSubkey: boolean): Key | undefined
  /** The side that must have sent it: a message that comes back to its sender is an attack. */
  readonly sender: Role
}

/** A token whose checksum is verified. Its sequence number is not checked yet. */
export interface VerifiedMessage {
  readonly data: Uint8Array
  readonly sequence: bigint
  readonly confidential: boolean
}

/** Makes a MIC token. Source: RFC 4121 section 4.2.6.1. */
export function makeMicToken(message: OutgoingMessage, data: Uint8Array): Uint8Array {
  const header = makeHeader(MIC, flagsOf(message), FILLER, FILLER, message.sequence)
  return concat(header, message.key.checksum(SIGN[message.sender], concat(data, header)))
}

/**
 * Returns `data` if the token is its checksum.
 * @throws MalformedTokenError, RejectedTokenError KRB_AP_ERR_MODIFIED, KRB_AP_ERR_BADDIRECTION
 */
export function verifyMicToken(message: IncomingMessage, data: Uint8Array, token: Uint8Array): VerifiedMessage {
  const header = readHeader(MIC, token)
  const key = keyOf(message, header)
  key.verifyChecksum(SIGN[message.sender], concat(data, header.octets), token.subarray(HEADER_OCTETS))
  return { data, sequence: header.sequence, confidential: false }
}

/** Makes a Wrap token. Source: RFC 4121 section 4.2.6.2. */
export function makeWrapToken(message: OutgoingMessage, data: Uint8Array, confidential: boolean): Uint8Array {
  const key = message.key
  const usage = SEAL[message.sender]
  const flags = flagsOf(message) | (confidential ? SEALED : 0)
  const header = makeHeader(WRAP, flags, 0, 0, message.sequence)
  if (confidential) return concat(header, key.seal(usage, concat(data, header), message.random))
  const checksum = key.checksum(usage, concat(data, header))
  return concat(makeHeader(WRAP, flags, checksum.length, 0, message.sequence), data, checksum)
}

/**
 * Returns the data of a Wrap token.
 * @throws MalformedTokenError, RejectedTokenError KRB_AP_ERR_MODIFIED, KRB_AP_ERR_BAD_INTEGRITY,
 * KRB_AP_ERR_BADDIRECTION
 */
export function openWrapToken(message: IncomingMessage, token: Uint8Array): VerifiedMessage {
  const header = readHeader(WRAP, token)
  const key = keyOf(message, header)
  const body = rotateLeft(token.subarray(HEADER_OCTETS), header.rotation)
  const usage = SEAL[message.sender]
  const confidential = (header.flags & SEALED) !== 0
  const data = confidential ? openSealed(key, usage, header, body) : openSigned(key, usage, header, body)
  return { data, sequence: header.sequence, confidential }
}

/**
 * Opens a sealed token.
 * @param body the ciphertext of data, EC octets of filler and the header with RRC zero
 */
function openSealed(key: Key, usage: number, header: Header, body: Uint8Array): Uint8Array {
  const plaintext = key.open(usage, body)
  const end = plaintext.length - HEADER_OCTETS
  // The sealed copy of the header proves flags, EC and sequence number: CVE-2024-37370 changed the
  // header in front.
  const expected = makeHeader(WRAP, header.flags, header.extraCount, 0, header.sequence)
  if (end < header.extraCount || !expected.every((octet, index) => octet === plaintext[end + index])) {
    throw new RejectedTokenError('the header of the Wrap token is not the one that was sealed', {
      code: 'KRB_AP_ERR_MODIFIED',
    })
  }
  return plaintext.subarray(0, end - header.extraCount)
}

/**
 * Opens a signed token.
 * @param body data and a checksum of EC octets over data and the header with EC and RRC zero
 */
function openSigned(key: Key, usage: number, header: Header, body: Uint8Array): Uint8Array {
  const end = body.length - header.extraCount
  if (end < 0) throw malformed('EC', `at most ${body.length}`, String(header.extraCount))
  const data = body.subarray(0, end)
  key.verifyChecksum(usage, concat(data, makeHeader(WRAP, header.flags, 0, 0, header.sequence)), body.subarray(end))
  return data
}

const HEADER_OCTETS = 16
const MIC = 0x0404
const WRAP = 0x0504
const SENT_BY_ACCEPTOR = 1
const SEALED = 2
const ACCEPTOR_SUBKEY = 4
/** The octets of a MIC token in the place of EC and RRC. */
const FILLER = 0xffff

const SIGN: Readonly<Record<Role, number>> = { initiator: KeyUsage.INITIATOR_SIGN, acceptor: KeyUsage.ACCEPTOR_SIGN }
const SEAL: Readonly<Record<Role, number>> = { initiator: KeyUsage.INITIATOR_SEAL, acceptor: KeyUsage.ACCEPTOR_SEAL }

interface Header {
  readonly octets: Uint8Array
  readonly flags: number
  readonly extraCount: number
  readonly rotation: number
  readonly sequence: bigint
}

function readHeader(tokenId: number, token: Uint8Array): Header {
  if (token.length < HEADER_OCTETS) throw malformed('header', `${HEADER_OCTETS} octets`, `${token.length}`)
  const view = new DataView(token.buffer, token.byteOffset, token.byteLength)
  const id = view.getUint16(0)
  if (id !== tokenId) throw malformed('TOK_ID', hex(tokenId, 2), hex(id, 2))
  if (token[3] !== 0xff) throw malformed('Filler', 'ff', hex(token[3], 1))
  const extraCount = view.getUint16(4)
  const rotation = view.getUint16(6)
  if (tokenId === MIC && (extraCount !== FILLER || rotation !== FILLER))
    throw malformed('Filler', 'ffffffff', 'other octets')
  if (tokenId === MIC && (token[2] & SEALED) !== 0) throw malformed('Flags', 'no Sealed flag', 'one')
  return {
    octets: token.subarray(0, HEADER_OCTETS),
    flags: token[2],
    extraCount,
    rotation,
    sequence: view.getBigUint64(8),
  }
}

function makeHeader(
  tokenId: number,
  flags: number,
  extraCount: number,
  rotation: number,
  sequence: bigint,
): Uint8Array {
  const header = new Uint8Array(HEADER_OCTETS)
  const view = new DataView(header.buffer)
  view.setUint16(0, tokenId)
  header[2] = flags
  header[3] = 0xff
  view.setUint16(4, extraCount)
  view.setUint16(6, rotation)
  view.setBigUint64(8, sequence)
  return header
}

function flagsOf({ sender, acceptorSubkey }: OutgoingMessage): number {
  return (sender === 'acceptor' ? SENT_BY_ACCEPTOR : 0) | (acceptorSubkey ? ACCEPTOR_SUBKEY : 0)
}

function keyOf({ sender, keyFor }: IncomingMessage, { flags }: Header): Key {
  const sentBy: Role = (flags & SENT_BY_ACCEPTOR) === 0 ? 'initiator' : 'acceptor'
  if (sentBy !== sender) {
    throw new RejectedTokenError(`the message was sent by the ${sentBy}, not by the ${sender}`, {
      code: 'KRB_AP_ERR_BADDIRECTION',
    })
  }
  const key = keyFor((flags & ACCEPTOR_SUBKEY) !== 0)
  if (key === undefined) {
    throw new RejectedTokenError('the message names a subkey of the acceptor, which sent none', {
      code: 'KRB_AP_ERR_MODIFIED',
    })
  }
  if (key.etype !== RC4_HMAC) return key
  throw new RejectedTokenError('the key of the context is of rc4-hmac, the message is not', {
    code: 'KRB_AP_ERR_MODIFIED',
  })
}

/** Undoes a rotation to the right by any number of octets. */
function rotateLeft(octets: Uint8Array, count: number): Uint8Array {
  const by = octets.length === 0 ? 0 : count % octets.length
  return by === 0 ? octets : concat(octets.subarray(by), octets.subarray(0, by))
}

function hex(value: number, octets: number): string {
  return value.toString(16).padStart(2 * octets, '0')
}

function malformed(field: string, expected: string, found: string): MalformedTokenError {
  return new MalformedTokenError({ path: `per-message token.${field}`, expected, found })
}
