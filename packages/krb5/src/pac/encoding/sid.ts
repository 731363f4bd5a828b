import { ByteReader } from '../../bytes/byte-reader.js'
import { ByteWriter } from '../../bytes/byte-writer.js'
import { ConfigurationError } from '../../errors/errors.js'
import { shownInput } from '../../errors/shown-input.js'

/**
 * The parts of a security identifier (SID). All functions pass SIDs as strings (`S-1-5-21-…-1104`).
 * MS-DTYP section 2.4.2.
 */
export interface Sid {
  /** A number of 48 bits; 5 is NT AUTHORITY. */
  readonly identifierAuthority: number
  /** At most 15 numbers of 32 bits. The last one is the relative identifier. */
  readonly subAuthorities: readonly number[]
}

/**
 * Reads a SID that fills `bytes`, and returns its string form. MS-DTYP section 2.4.2.2.
 *
 * @throws MalformedTokenError
 *
 * @example
 * ```ts
 * import { decodeSid } from '@s4u/krb5'
 *
 * decodeSid(Uint8Array.of(1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0)) // 'S-1-5-18'
 * ```
 */
export function decodeSid(bytes: Uint8Array, path = 'SID'): string {
  const reader = new ByteReader(bytes, path)
  const sid = readSid(reader, '')
  reader.expectEnd()
  return sid
}

/**
 * Returns the octets of a SID.
 *
 * @throws ConfigurationError if the text is not a SID
 *
 * @example
 * ```ts
 * import { decodeSid, encodeSid } from '@s4u/krb5'
 *
 * decodeSid(encodeSid('S-1-5-32-544')) // 'S-1-5-32-544'
 * ```
 */
export function encodeSid(sid: string): Uint8Array {
  const { identifierAuthority, subAuthorities } = parseSid(sid)
  const writer = new ByteWriter(8 + 4 * subAuthorities.length).u8(REVISION).u8(subAuthorities.length)
  writer.u16be(Math.floor(identifierAuthority / 0x1_0000_0000)).u32be(identifierAuthority)
  for (const subAuthority of subAuthorities) writer.u32le(subAuthority)
  return writer.toBytes()
}

/**
 * Reads the parts of a text such as `S-1-5-21-1-2-3-1104`. The identifier authority may be
 * hexadecimal (`S-1-0x10000000000-1`). MS-DTYP section 2.4.2.1.
 *
 * @throws ConfigurationError if the text is not a SID
 *
 * @example
 * ```ts
 * import { parseSid } from '@s4u/krb5'
 *
 * parseSid('S-1-5-32-544').subAuthorities // [32, 544]
 * ```
 */
export function parseSid(sid: string): Sid {
  const match = typeof sid === 'string' ? SID_PATTERN.exec(sid) : null
  const identifierAuthority = match === null ? NaN : Number(match[1])
  const subAuthorities = match === null ? [] : match[2].split('-').slice(1).map(Number)
  if (!(identifierAuthority <= MAX_AUTHORITY) || subAuthorities.some((number) => number > 0xffff_ffff)) {
    throw new ConfigurationError(`Not a security identifier: ${shownInput(sid)}`, {
      hint: 'Write it as S-1-5-21-…, with at most 15 numbers of 32 bits after the identifier authority.',
    })
  }
  return { identifierAuthority, subAuthorities }
}

/**
 * Writes a SID as text.
 *
 * @example
 * ```ts
 * import { formatSid, parseSid } from '@s4u/krb5'
 *
 * formatSid(parseSid('S-1-5-18')) // 'S-1-5-18'
 * ```
 */
export function formatSid(sid: Sid): string {
  let text = `S-${REVISION}-${formatAuthority(sid.identifierAuthority)}`
  for (const subAuthority of sid.subAuthorities) text += `-${subAuthority}`
  return text
}

/** Reads a SID from the front of `reader`. */
export function readSid(reader: ByteReader, field: string): string {
  const revision = reader.u8(field)
  if (revision !== REVISION) reader.fail(field, `revision ${REVISION}`, String(revision))
  const count = reader.u8(field)
  if (count > MAX_SUB_AUTHORITIES) reader.fail(field, `at most ${MAX_SUB_AUTHORITIES} sub-authorities`, String(count))
  const authority = reader.u16be(field) * 0x1_0000_0000 + reader.u32be(field)
  let text = `S-${REVISION}-${formatAuthority(authority)}`
  for (let i = 0; i < count; i++) text += `-${reader.u32le(field)}`
  return text
}

function formatAuthority(authority: number): string {
  return authority < 0x1_0000_0000 ? String(authority) : `0x${authority.toString(16).toUpperCase().padStart(12, '0')}`
}

const REVISION = 1
const MAX_AUTHORITY = 0xffff_ffff_ffff

/** MS-DTYP section 2.4.2.2: SubAuthorityCount is at most 15. */
const MAX_SUB_AUTHORITIES = 15

/**
 * MS-DTYP section 2.4.2.1: "S-" "1" "-" IdentifierAuthority 1*SubAuthority. SIDs without any
 * SubAuthority occur as well.
 */
const SID_PATTERN = /^S-1-(\d{1,15}|0x[\dA-Fa-f]{1,12})((?:-\d{1,10}){0,15})$/
