import type { DerReader } from '@s4u/krb5'
import { constructed, eachOf, readDer, readOid, Tag } from './read-der.js'

/** The names in a subjectAltName that may say whose certificate it is. */
export interface AlternativeNames {
  /** User principal names: `alice@ad.test`. */
  readonly upns: readonly string[]
  readonly emails: readonly string[]
  readonly uris: readonly string[]
}

/**
 * The object identifier of a user principal name, szOID_NT_PRINCIPAL_NAME. Source: MS-WCCE section
 * 2.2.2.7.5.
 */
const NT_PRINCIPAL_NAME = '1.3.6.1.4.1.311.20.2.3'

/** The tags of rfc822Name and uniformResourceIdentifier in a GeneralName. */
const RFC822_NAME = 0x81
const URI = 0x86

/**
 * Reads the value of a subjectAltName: all names, where `certificateUpn` of @s4u/krb5 has the first
 * one. Source: RFC 5280 section 4.2.1.6.
 */
export function readAlternativeNames(value: Uint8Array): AlternativeNames {
  const names = { upns: new Set<string>(), emails: new Set<string>(), uris: new Set<string>() }
  readDer('SubjectAltName', value, (reader) =>
    eachOf(reader, Tag.SEQUENCE, () => {
      const tag = reader.peek()
      if (tag === constructed(0)) {
        const { type, text } = readOtherName(reader)
        if (type === NT_PRINCIPAL_NAME && text !== undefined) names.upns.add(text)
      } else if (tag === RFC822_NAME) names.emails.add(ascii(reader.contents(tag)))
      else if (tag === URI) names.uris.add(ascii(reader.contents(tag)))
      else reader.skip()
    }),
  )
  return { upns: [...names.upns], emails: [...names.emails], uris: [...names.uris] }
}

/** An OtherName, whose text is there where it is a UTF8String or an OCTET STRING. */
interface OtherName {
  readonly type: string
  readonly text: string | undefined
}

/** Reads `[0] { type-id OBJECT IDENTIFIER, value [0] EXPLICIT ANY }`. */
export function readOtherName(reader: DerReader): OtherName {
  const enclosing = reader.enter(constructed(0))
  const type = readOid(reader)
  const wrapper = reader.enter(constructed(0))
  const tag = reader.peek()
  const isText = tag === Tag.UTF8_STRING || tag === Tag.OCTET_STRING
  const text = isText ? textOf(reader.contents(tag)) : undefined
  if (!isText) reader.skip()
  reader.leave(wrapper)
  reader.leave(enclosing)
  return { type, text }
}

/** A text that is not UTF-8 names nobody. */
function textOf(octets: Uint8Array): string | undefined {
  try {
    return utf8.decode(octets)
  } catch {
    return undefined
  }
}

function ascii(octets: Uint8Array): string {
  return latin1.decode(octets)
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const latin1 = new TextDecoder('latin1')
