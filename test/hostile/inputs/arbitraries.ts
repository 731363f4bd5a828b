import { Key } from '@s4u/krb5'
import * as fc from 'fast-check'
import { type Asn1Field, type Asn1Type, definitionOf, definitions } from '../../vectors/kerberos-asn1.js'

/**
 * Any value of a message of the specifications: what our types say it is, made from the ASN.1 and
 * not from our codecs.
 */
export function arbitraryMessage(name: string): fc.Arbitrary<unknown> {
  return arbitraryOf(definitionOf(name))
}

function arbitraryOf(type: Asn1Type): fc.Arbitrary<unknown> {
  switch (type.kind) {
    case 'name': {
      const definition = definitions.get(type.name)
      return definition === undefined ? primitive(type.name) : arbitraryOf(definition)
    }
    case 'list':
      return fc.array(arbitraryOf(type.of), { minLength: type.minimum, maxLength: 4 })
    case 'tagged':
      return arbitraryOf(type.of)
    case 'sequence':
      return arbitraryRecord(type.fields)
    case 'constant':
      return fc.constant(undefined)
  }
}

function arbitraryRecord(fields: readonly Asn1Field[]): fc.Arbitrary<unknown> {
  const present = fields.filter(({ type }) => type.kind !== 'constant')
  const values = present.map(({ property, type, optional }) => [
    property,
    optional ? fc.option(arbitraryOf(type), { nil: undefined }) : arbitraryOf(type),
  ])
  return fc.record(Object.fromEntries(values))
}

const KEY_LENGTHS = { 17: 16, 18: 32, 19: 16, 20: 32, 23: 16, 25: 16, 26: 32 }

/**
 * RFC 4120 leaves years to four digits; those below 385 have shown nothing that later ones do not.
 */
const SECONDS = { min: -50_000_000_000, max: 253_402_300_799 }

function primitive(name: string): fc.Arbitrary<unknown> {
  switch (name) {
    case 'Int32':
      return edged(-(2 ** 31), 2 ** 31 - 1)
    case 'UInt32':
      return edged(0, 2 ** 32 - 1)
    case 'Kvno':
      return edged(-(2 ** 31), 2 ** 32 - 1)
    case 'Microseconds':
      return fc.integer({ min: 0, max: 999_999 })
    case 'OctetString':
      return fc.oneof({ weight: 9, arbitrary: octets(0, 40) }, { weight: 1, arbitrary: octets(120, 300) })
    case 'KerberosString':
      return fc
        .oneof(fc.string({ maxLength: 20 }), fc.string({ unit: 'binary', maxLength: 100 }))
        .filter((text) => !text.includes('\0'))
    case 'KerberosTime':
      return fc.integer(SECONDS).map((seconds) => seconds * 1000)
    case 'KerberosFlags':
      return octets(4, 8)
    case 'BOOLEAN':
      return fc.boolean()
    case 'EncryptionKey':
      return fc
        .constantFrom(...Object.entries(KEY_LENGTHS))
        .chain(([etype, length]) => octets(length, length).map((value) => new Key(Number(etype), value)))
    default:
      throw new Error(`no primitive type ${name}`)
  }
}

function octets(minLength: number, maxLength: number): fc.Arbitrary<Uint8Array> {
  return fc.uint8Array({ minLength, maxLength })
}

/** Encodings of integers differ where their octets begin to. */
function edged(min: number, max: number): fc.Arbitrary<number> {
  const edges = [7, 8, 15, 16, 23, 24, 31, 32].flatMap((bits) => [
    2 ** bits - 1,
    2 ** bits,
    -(2 ** bits),
    -(2 ** bits) - 1,
  ])
  return fc.oneof(fc.integer({ min, max }), fc.constantFrom(...edges.filter((edge) => edge >= min && edge <= max)))
}
