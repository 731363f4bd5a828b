import { aligned8, concat, OctetReader, OctetWriter } from './octets.js'
import { HEADER_OCTETS } from './header.js'

/** The dialects of SMB, as numbers. MS-SMB2 section 2.2.3. */
export const DialectNumber = { '2.1': 0x0210, '3.0': 0x0300, '3.0.2': 0x0302, '3.1.1': 0x0311 } as const
/** A version of SMB. Source: MS-SMB2 section 2.2.3. */
export type Dialect = keyof typeof DialectNumber

/** MS-SMB2 section 2.2.3.1.2. */
export const CipherNumber = { 'aes-128-ccm': 1, 'aes-128-gcm': 2, 'aes-256-ccm': 3, 'aes-256-gcm': 4 } as const
/**
 * A cipher of SMB 3: AES with 128 or 256 bits, in CCM or GCM. Source: MS-SMB2 section 2.2.3.1.2.
 */
export type Cipher = keyof typeof CipherNumber

/** MS-SMB2 section 2.2.3.1.7. */
export const SigningNumber = { 'hmac-sha256': 0, 'aes-128-cmac': 1, 'aes-128-gmac': 2 } as const
/**
 * How messages are signed: HMAC with SHA-256, AES-CMAC or AES-GMAC. Source: MS-SMB2 section
 * 2.2.3.1.7.
 */
export type SigningAlgorithm = keyof typeof SigningNumber

/** MS-SMB2 section 2.2.3. */
export const Capability = { DFS: 0x1, LEASING: 0x2, LARGE_MTU: 0x4, ENCRYPTION: 0x40 } as const

/** Signing enabled, and required. */
export const SIGNING_MODE = 3
const SIGNING_ENABLED = 1

const ContextType = { PREAUTH_INTEGRITY: 1, ENCRYPTION: 2, SIGNING: 8 } as const
const SHA_512 = 1

/** What a client offers. */
export interface NegotiateOffer {
  readonly dialects: readonly Dialect[]
  readonly ciphers: readonly Cipher[]
  readonly signing: readonly SigningAlgorithm[]
  readonly capabilities: number
  readonly clientGuid: Uint8Array
  readonly salt: Uint8Array
}

/** What a server answered, read and not yet judged. */
export interface NegotiateAnswer {
  readonly mode: number
  readonly dialect: number
  readonly serverGuid: Uint8Array
  readonly capabilities: number
  readonly maxTransact: number
  readonly maxRead: number
  readonly maxWrite: number
  /** Algorithms of the contexts of 3.1.1; undefined where there is no such context. */
  readonly hashes: readonly number[] | undefined
  readonly ciphers: readonly number[] | undefined
  readonly signing: readonly number[] | undefined
}

/** The body of a NEGOTIATE request. MS-SMB2 section 2.2.3. */
export function negotiateRequest(offer: NegotiateOffer): Uint8Array {
  const dialects = offer.dialects.map((dialect) => DialectNumber[dialect])
  const contexts = offer.dialects.includes('3.1.1') ? contextsOf(offer) : []
  const fixed = 36 + dialects.length * 2
  const contextsAt = aligned8(HEADER_OCTETS + fixed)
  const body = new OctetWriter(contexts.length === 0 ? fixed : contextsAt - HEADER_OCTETS)
    .u16(0, 36)
    .u16(2, dialects.length)
    .u16(4, SIGNING_MODE)
    .u32(8, offer.capabilities)
    .set(12, offer.clientGuid)
  if (contexts.length > 0) body.u32(28, contextsAt).u16(32, contexts.length)
  dialects.forEach((dialect, i) => body.u16(36 + i * 2, dialect))
  // Eight-aligned, with no padding after the last one.
  return concat(body.octets, ...contexts.map((context, i) => (i + 1 < contexts.length ? padded(context) : context)))
}

function contextsOf({ ciphers, signing, salt }: NegotiateOffer): readonly Uint8Array[] {
  const integrity = new OctetWriter(6 + salt.length).u16(0, 1).u16(2, salt.length).u16(4, SHA_512).set(6, salt)
  const lists = [
    [ContextType.ENCRYPTION, ciphers.map((cipher) => CipherNumber[cipher])],
    [ContextType.SIGNING, signing.map((algorithm) => SigningNumber[algorithm])],
  ] as const
  return [
    contextOf(ContextType.PREAUTH_INTEGRITY, integrity.octets),
    ...lists.filter(([, ids]) => ids.length > 0).map(([type, ids]) => contextOf(type, listOf(ids))),
  ]
}

function listOf(ids: readonly number[]): Uint8Array {
  const list = new OctetWriter(2 + ids.length * 2).u16(0, ids.length)
  ids.forEach((id, i) => list.u16(2 + i * 2, id))
  return list.octets
}

function contextOf(type: number, data: Uint8Array): Uint8Array {
  return new OctetWriter(8 + data.length).u16(0, type).u16(2, data.length).set(8, data).octets
}

const padded = (octets: Uint8Array): Uint8Array => new OctetWriter(aligned8(octets.length)).set(0, octets).octets

/** Contexts of an answer; there are seven kinds. */
const MAX_CONTEXTS = 16

/**
 * Reads a NEGOTIATE response, header included. MS-SMB2 section 2.2.4. @throws MalformedTokenError
 */
export function readNegotiateAnswer(message: Uint8Array): NegotiateAnswer {
  const reader = new OctetReader(message, 'NEGOTIATE response')
  reader.requireStructureSize(64, 65)
  const dialect = reader.u16(68)
  // The blob only hints at mechanisms, unsigned. It is not used, but must be where it says.
  reader.slice(reader.u16(120), reader.u16(122), 'SecurityBuffer')
  const is311 = dialect === DialectNumber['3.1.1']
  return {
    mode: reader.u16(66),
    dialect,
    serverGuid: reader.slice(72, 16, 'ServerGuid').slice(),
    capabilities: reader.u32(88),
    maxTransact: reader.u32(92),
    maxRead: reader.u32(96),
    maxWrite: reader.u32(100),
    ...readContexts(reader, is311 ? reader.u16(70) : 0),
  }
}

export const isSigning = ({ mode }: NegotiateAnswer): boolean => (mode & SIGNING_ENABLED) !== 0

type AnswerContexts = Pick<NegotiateAnswer, 'hashes' | 'ciphers' | 'signing'>

function readContexts(reader: OctetReader, count: number): AnswerContexts {
  const found: { -readonly [name in keyof AnswerContexts]: AnswerContexts[name] } = {
    hashes: undefined,
    ciphers: undefined,
    signing: undefined,
  }
  if (count > MAX_CONTEXTS) reader.fail('NegotiateContextCount', `at most ${MAX_CONTEXTS}`, `${count}`)
  let at = count === 0 ? 0 : reader.u32(124)
  for (let i = 0; i < count; i++) {
    const name = NAMES[reader.u16(at)]
    const length = reader.u16(at + 2)
    const data = new OctetReader(reader.slice(at + 8, length, 'NegotiateContext'), 'NegotiateContext')
    if (name !== undefined) {
      if (found[name] !== undefined) reader.fail('NegotiateContext', `one context of ${name}`, 'two')
      found[name] = readList(data, name === 'hashes' ? 4 : 2)
    }
    at = aligned8(at + 8 + length)
  }
  return found
}

const NAMES: Readonly<Record<number, keyof AnswerContexts>> = { 1: 'hashes', 2: 'ciphers', 8: 'signing' }

function readList(reader: OctetReader, at: number): readonly number[] {
  const count = reader.u16(0)
  reader.slice(at, count * 2, 'algorithms')
  return Array.from({ length: count }, (_, i) => reader.u16(at + i * 2))
}
