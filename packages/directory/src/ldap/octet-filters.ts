/**
 * Filters whose values are octets, which those of ldapts are only for equality. RFC 4511 section
 * 4.5.1.7.
 */

import { type BerWriter, Filter, SearchFilter, type SearchFilterValues } from 'ldapts'

export type OctetComparison = 'equal' | 'approximate' | 'atLeast' | 'atMost'

const TYPES: Readonly<Record<OctetComparison, SearchFilterValues>> = {
  equal: SearchFilter.equalityMatch,
  approximate: SearchFilter.approxMatch,
  atLeast: SearchFilter.greaterOrEqual,
  atMost: SearchFilter.lessOrEqual,
}

class OctetFilter extends Filter {
  override readonly type: SearchFilterValues
  readonly #write: (writer: BerWriter) => void

  constructor(type: SearchFilterValues, write: (writer: BerWriter) => void) {
    super()
    this.type = type
    this.#write = write
  }

  override writeFilter(writer: BerWriter): void {
    this.#write(writer)
  }

  /** For logs of others: values may be secret. */
  override toString(): string {
    return '(…)'
  }
}

export function comparison(how: OctetComparison, attribute: string, value: Uint8Array): Filter {
  return new OctetFilter(TYPES[how], (writer) => {
    writer.writeString(attribute)
    writeOctets(writer, value)
  })
}

const INITIAL = 0x80
const MIDDLE = 0x81
const FINAL = 0x82

/** `parts` stand between the asterisks; empty ones are left out. */
export function substrings(attribute: string, parts: readonly Uint8Array[]): Filter {
  return new OctetFilter(SearchFilter.substrings, (writer) => {
    writer.writeString(attribute)
    writer.startSequence()
    for (const [index, part] of parts.entries()) {
      const tag = index === 0 ? INITIAL : index === parts.length - 1 ? FINAL : MIDDLE
      if (part.length > 0) writeOctets(writer, part, tag)
    }
    writer.endSequence()
  })
}

/** A comparison by a rule of its own, such as 1.2.840.113556.1.4.803, which looks at bits. */
export interface ExtensibleMatch {
  readonly attribute: string | undefined
  readonly dn: boolean
  readonly rule: string | undefined
  readonly value: Uint8Array
}

const MATCHING_RULE = 0x81
const TYPE = 0x82
const MATCH_VALUE = 0x83
const DN_ATTRIBUTES = 0x84

export function extensible({ attribute, dn, rule, value }: ExtensibleMatch): Filter {
  return new OctetFilter(SearchFilter.extensibleMatch, (writer) => {
    if (rule !== undefined) writer.writeString(rule, MATCHING_RULE)
    if (attribute !== undefined) writer.writeString(attribute, TYPE)
    writeOctets(writer, value, MATCH_VALUE)
    if (dn) writer.writeBoolean(true, DN_ATTRIBUTES)
  })
}

const OCTET_STRING = 0x04

function writeOctets(writer: BerWriter, value: Uint8Array, tag: number = OCTET_STRING): void {
  writer.writeBuffer(Buffer.from(value), tag)
}
