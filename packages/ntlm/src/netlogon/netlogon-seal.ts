import { timingSafeEqual } from 'node:crypto'
import {
  ByteReader,
  ByteWriter,
  MalformedTokenError,
  RejectedTokenError,
  type RpcFragment,
  type RpcProtection,
} from '@s4u/krb5'
import { hmacSha256, openCfb8, sealCfb8 } from './netlogon-credentials.js'

export interface NetlogonSealOptions {
  readonly sessionKey: Uint8Array
  /** The NetBIOS name of the domain: `CORP`. */
  readonly domain: string
  /** The name of the machine account without `$`. */
  readonly computer: string
  readonly random: (length: number) => Uint8Array
}

/**
 * The security of NETLOGON with AES: each fragment is sealed and numbered. One counter serves both
 * directions. MS-NRPC section 3.3.4.2.
 */
export class NetlogonSeal implements RpcProtection {
  readonly type = 68
  readonly tokenLength = TOKEN_LENGTH
  readonly bindToken: Uint8Array
  readonly #key: Uint8Array
  readonly #messageKey: Uint8Array
  readonly #random: (length: number) => Uint8Array
  #count = 0

  constructor({ sessionKey, domain, computer, random }: NetlogonSealOptions) {
    this.#key = sessionKey
    this.#messageKey = sessionKey.map((octet) => octet ^ 0xf0)
    this.#random = random
    const names = new TextEncoder().encode(`${domain}\0${computer}\0`)
    this.bindToken = new ByteWriter().u32le(NEGOTIATE).u32le(DOMAIN_AND_COMPUTER).bytes(names).toBytes()
  }

  /** MS-NRPC section 2.2.1.3.1: the answer says nothing but that it is one. */
  acceptBind(token: Uint8Array): undefined {
    const reader = new ByteReader(token, 'NL_AUTH_MESSAGE')
    const type = reader.u32le('MessageType')
    if (type !== NEGOTIATE_RESPONSE || token.length < 12) reader.fail('MessageType', '1', String(type))
  }

  seal({ header, message, trailer }: RpcFragment): { readonly sealed: Uint8Array; readonly token: Uint8Array } {
    const sequence = sequenceOf(this.#count++, FROM_CLIENT)
    const confounder = this.#random(8)
    const checksum = this.#checksum(confounder, { header, message, trailer })
    const clear = new ByteWriter(8 + message.length).bytes(confounder).bytes(message).toBytes()
    const sealed = sealCfb8(this.#messageKey, twice(sequence), clear)
    const number = sealCfb8(this.#key, twice(checksum), sequence)
    const token = new ByteWriter(TOKEN_LENGTH).bytes(HEAD).bytes(number).bytes(checksum).bytes(sealed.subarray(0, 8))
    return { sealed: sealed.subarray(8), token: token.zeros(24).toBytes() }
  }

  open({ header, message, trailer }: RpcFragment, token: Uint8Array): Uint8Array {
    requireToken(token)
    const checksum = token.subarray(16, 24)
    const sequence = openCfb8(this.#key, twice(checksum), token.subarray(8, 16))
    if (!same(sequence, sequenceOf(this.#count++, 0))) throw forged('KRB_AP_ERR_BADSEQ', 'comes out of turn')
    const sealed = new ByteWriter(8 + message.length).bytes(token.subarray(24, 32)).bytes(message).toBytes()
    const clear = openCfb8(this.#messageKey, twice(sequence), sealed)
    const opened = clear.subarray(8)
    if (!same(checksum, this.#checksum(clear.subarray(0, 8), { header, message: opened, trailer })))
      throw forged('KRB_AP_ERR_MODIFIED', 'was changed on the way')
    return opened
  }

  #checksum(confounder: Uint8Array, { header, message, trailer }: RpcFragment): Uint8Array {
    return hmacSha256(this.#key, HEAD, confounder, header, message, trailer).subarray(0, 8)
  }
}

/** MS-NRPC section 3.3.4.2.1: the counter, most significant octet first, and the direction. */
function sequenceOf(count: number, direction: number): Uint8Array {
  return new ByteWriter(8).u32be(count).u32be(direction).toBytes()
}

function requireToken(token: Uint8Array): void {
  if (token.length === TOKEN_LENGTH && HEAD.every((octet, at) => octet === token[at])) return
  throw new MalformedTokenError({
    path: 'NL_AUTH_SHA2_SIGNATURE',
    expected: `${TOKEN_LENGTH} octets, sealed with AES`,
    found: `${token.length} octets`,
    status: 502,
  })
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b)
}

function twice(octets: Uint8Array): Uint8Array {
  return new ByteWriter(16).bytes(octets).bytes(octets).toBytes()
}

function forged(code: 'KRB_AP_ERR_BADSEQ' | 'KRB_AP_ERR_MODIFIED', what: string): RejectedTokenError {
  return new RejectedTokenError(`an answer of the domain controller ${what}`, {
    code,
    status: 502,
    hint: 'Somebody stands between this service and the domain controller.',
  })
}

const NEGOTIATE = 0
const NEGOTIATE_RESPONSE = 1
/** Both names are given, in the OEM character set. MS-NRPC section 2.2.1.3.1. */
const DOMAIN_AND_COMPUTER = 3
const FROM_CLIENT = 0x8000_0000
const TOKEN_LENGTH = 56
/** HMAC-SHA256, AES-128, no padding, no flags. MS-NRPC section 2.2.1.3.3. */
const HEAD = Uint8Array.of(0x13, 0, 0x1a, 0, 0xff, 0xff, 0, 0)
