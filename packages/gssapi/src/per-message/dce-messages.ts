import { type Key, KeyUsage, MalformedTokenError, RejectedTokenError, type RandomSource } from '@s4u/krb5'
import { concat } from '../framing/octets.js'

/** A message of DCE/RPC: what is sealed, and what is signed around it and goes in clear. */
export interface DceMessage {
  readonly before: Uint8Array
  /** A multiple of 16 octets. */
  readonly message: Uint8Array
  readonly after: Uint8Array
}

/** What seals the messages of a context of three legs. */
export interface DceContextKeys {
  /** The subkey of the acceptor, else that of the initiator; of AES with SHA-1. */
  readonly key: Key
  readonly acceptorSubkey: boolean
  /** The first sequence numbers of the initiator and of the acceptor. */
  readonly sendSequence: number
  readonly receiveSequence: number
  readonly random?: RandomSource
}

/**
 * The messages of a context for DCE/RPC, initiator's side. All of a Wrap token that is no data goes
 * into one token of 76 octets, which stands behind the message. Messages come in order: over TCP
 * one that is missing was taken away. Source: RFC 4121 section 4.2.4, MS-KILE section 3.4.5.4.1.
 *
 * @example
 * ```ts
 * import { DceContext } from '@s4u/gssapi'
 * import { Key } from '@s4u/krb5'
 *
 * const key = new Key(18, new Uint8Array(32).fill(7))
 * const sequences = { sendSequence: 0, receiveSequence: 0 }
 * const context = new DceContext({ key, acceptorSubkey: true, ...sequences })
 * const [header, message, trailer] = [24, 32, 8].map((length) => new Uint8Array(length))
 * const { sealed, token } = context.seal({ before: header, message, after: trailer })
 * console.log(sealed.length, token.length) // 32 76
 * ```
 */
export class DceContext {
  readonly #keys: DceContextKeys
  #sent: bigint
  #received: bigint

  constructor(keys: DceContextKeys) {
    this.#keys = keys
    this.#sent = BigInt(keys.sendSequence)
    this.#received = BigInt(keys.receiveSequence)
  }

  seal(parts: DceMessage): { readonly sealed: Uint8Array; readonly token: Uint8Array } {
    const { key, acceptorSubkey, random } = this.#keys
    const flags = SEALED | (acceptorSubkey ? ACCEPTOR_SUBKEY : 0)
    const sequence = this.#sent++
    const plaintext = concat(parts.message, FILLER, headerOf(flags, 0, sequence))
    const ciphertext = key.seal(KeyUsage.INITIATOR_SEAL, plaintext, random, coveredOf(parts))
    const end = BLOCK + parts.message.length
    const confounder = ciphertext.subarray(0, BLOCK)
    const token = concat(headerOf(flags, ROTATION, sequence), ciphertext.subarray(end), confounder)
    return { sealed: ciphertext.subarray(BLOCK, end), token }
  }

  /**
   * Returns the message in clear.
   * @param parts of which `message` is still sealed
   * @throws MalformedTokenError
   * @throws RejectedTokenError KRB_AP_ERR_BAD_INTEGRITY, KRB_AP_ERR_MODIFIED,
   * KRB_AP_ERR_BADDIRECTION, KRB_AP_ERR_BADORDER
   */
  open(parts: DceMessage, token: Uint8Array): Uint8Array {
    const { key, acceptorSubkey } = this.#keys
    const flags = SENT_BY_ACCEPTOR | SEALED | (acceptorSubkey ? ACCEPTOR_SUBKEY : 0)
    const sequence = readHeader(token, flags)
    const ciphertext = concat(token.subarray(-BLOCK), parts.message, token.subarray(HEADER, -BLOCK))
    const plaintext = key.open(KeyUsage.ACCEPTOR_SEAL, ciphertext, coveredOf(parts))
    const end = parts.message.length
    const copy = plaintext.subarray(end + FILLER.length)
    if (!headerOf(flags, 0, sequence).every((octet, at) => octet === copy[at]))
      throw refused('KRB_AP_ERR_MODIFIED', 'has another header than was sealed')
    if (sequence !== this.#received++) throw refused('KRB_AP_ERR_BADORDER', 'comes out of turn')
    return plaintext.slice(0, end)
  }
}

/** The checksum covers the confounder, all of the PDU, and the end of the sealed text. */
function coveredOf({ before, message, after }: DceMessage): (plaintext: Uint8Array) => Uint8Array {
  const end = message.length
  return (plaintext) => concat(before, plaintext.subarray(0, end), after, plaintext.subarray(end))
}

function headerOf(flags: number, rotation: number, sequence: bigint): Uint8Array {
  const header = new Uint8Array(HEADER)
  const view = new DataView(header.buffer)
  view.setUint16(0, WRAP)
  header[2] = flags
  header[3] = 0xff
  view.setUint16(4, BLOCK)
  view.setUint16(6, rotation)
  view.setBigUint64(8, sequence)
  return header
}

function readHeader(token: Uint8Array, flags: number): bigint {
  if (token.length !== DCE_TOKEN_LENGTH)
    throw malformed('token', `${DCE_TOKEN_LENGTH} octets`, `${token.length} octets`)
  const view = new DataView(token.buffer, token.byteOffset, token.byteLength)
  const sequence = view.getBigUint64(8)
  if ((token[2] & SENT_BY_ACCEPTOR) === 0) throw refused('KRB_AP_ERR_BADDIRECTION', 'is one of our own')
  const isRight = headerOf(flags, ROTATION, sequence).every((octet, at) => octet === token[at])
  if (!isRight) throw malformed('header', 'a sealed message of the acceptor, EC 16, RRC 28', 'another')
  return sequence
}

function malformed(field: string, expected: string, found: string): MalformedTokenError {
  return new MalformedTokenError({ path: `DCE message.${field}`, expected, found, status: 502 })
}

function refused(
  code: 'KRB_AP_ERR_MODIFIED' | 'KRB_AP_ERR_BADORDER' | 'KRB_AP_ERR_BADDIRECTION',
  what: string,
): RejectedTokenError {
  return new RejectedTokenError(`a sealed answer ${what}`, {
    code,
    status: 502,
    hint: 'Somebody stands between this service and the server.',
  })
}

/**
 * How long the token of each message is: header, filler, copy of the header, checksum, confounder.
 */
export const DCE_TOKEN_LENGTH = 76
const HEADER = 16
const BLOCK = 16
const CHECKSUM = 12
const WRAP = 0x0504
const SENT_BY_ACCEPTOR = 1
const SEALED = 2
const ACCEPTOR_SUBKEY = 4
/** Windows takes no message whose EC is 0, and rotates by EC and RRC. */
const FILLER: Uint8Array = new Uint8Array(BLOCK)
const ROTATION = HEADER + CHECKSUM
