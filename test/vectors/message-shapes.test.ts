import { ConfigurationError, MalformedTokenError } from '@s4u/krb5'
import { describe, expect, test } from 'vitest'
import { type Asn1Field, type Asn1Type, definitionOf, definitions } from './kerberos-asn1.js'
import { type MessageCodec, messageCodecs } from './message-codecs.js'

/** Their definitions end in `...`. Source: RFC 6113 section 5.4, MS-SFU section 2.2.2. */
const extensible = new Set([
  'KrbFastArmor',
  'KrbFastReq',
  'KrbFastResponse',
  'PA-FX-FAST-REPLY',
  'PA-FX-FAST-REQUEST',
  'S4UUserID',
])

/** Octets of the least value of a primitive type. */
const least: Readonly<Record<string, string>> = {
  Int32: '020100',
  UInt32: '020100',
  Kvno: '020100',
  Microseconds: '020100',
  BOOLEAN: '010100',
  OctetString: '0400',
  KerberosString: '1b00',
  KerberosFlags: '03050000000000',
  KerberosTime: `180f${Buffer.from('19700101000000Z').toString('hex')}`,
  EncryptionKey: `3019a003020111a1120410${'00'.repeat(16)}`,
}

/** A field that no definition has. */
const UNKNOWN = element(0xbe, '0500')

describe.each(messageCodecs)('the message $name', (codec) => {
  const type = definitionOf(codec.name)
  const fields = fieldsOf(type)

  test('is called by its name where it is something else', () => {
    expect(refusalOf(codec, '0500').path).toBe(codec.name)
    expect(refusalOf(codec, '0500').found).toBe('tag 0x05')
  })

  test('is read with nothing but what it must have, and written the same', () => {
    const bytes = octets(encodingOf(type))
    expect(Buffer.from(codec.encode(codec.decode(bytes))).toString('hex')).toBe(encodingOf(type))
  })

  test(`${extensible.has(codec.name) ? 'may have' : 'has no'} fields of a later version`, () => {
    if (type.kind === 'list') return expect(refusalOf(codec, element(0x30, UNKNOWN)).path).toBe(`${codec.name}[0]`)
    const later = octets(encodingOf(type, fields, UNKNOWN))
    if (!extensible.has(codec.name)) return expect(refusalOf(codec, later).found).toMatch(/^4 more octets$/)
    return expect(codec.decode(later)).toEqual(codec.decode(octets(encodingOf(type))))
  })

  test.each(fields.filter(({ optional }) => !optional).map((field) => [wireName(field), field] as const))(
    'is refused without %s',
    (name, missing) => {
      const without = encodingOf(
        type,
        fields.filter((field) => field !== missing),
      )
      const { path, expected } = refusalOf(codec, without)
      expect([path, expected]).toEqual([`${codec.name}.${name}`, `[${missing.number}]`])
    },
  )

  test.each(fields.filter(({ type }) => type.kind === 'constant').map((field) => [wireName(field), field] as const))(
    'is refused with another %s',
    (name, { number, type: fixed }) => {
      const other = element(0xa0 | number, '020163')
      const bytes = encodingOf(type).replace(
        encodingOf({ kind: 'tagged', tagClass: 'context', number, of: fixed }),
        other,
      )
      const { path, code } = refusalOf(codec, bytes)
      expect([path, code]).toEqual([
        `${codec.name}.${name}`,
        name === 'msg-type' ? 'KRB_AP_ERR_MSG_TYPE' : 'KRB_AP_ERR_BADVERSION',
      ])
    },
  )

  const required = fields.filter(({ optional, type }) => !optional && type.kind !== 'constant').at(-1)
  test.each(required === undefined ? [] : [required])('is not written without its $property', (field) => {
    expect(() => codec.encode({})).toThrow(ConfigurationError)
    expect(() => codec.encode({})).toThrow(
      new RegExp(`^cannot encode: expected \\S+\\.${wireName(field)}, found "nothing"$`),
    )
  })
})

test('of the elements of an authentication set, later versions may have more fields', () => {
  const set = messageCodecs.find(({ name }) => name === 'PA-AUTHENTICATION-SET')!
  const one = element(0x30, element(0xa0, '020102') + UNKNOWN)
  expect(set.decode(octets(element(0x30, one)))).toEqual([{ paType: 2, paHint: undefined, paValue: undefined }])
})

test('what binds a FAST reply may have fields of a later version', () => {
  const response = messageCodecs.find(({ name }) => name === 'KrbFastResponse')!
  const finished = definitionOf('KrbFastFinished')
  const bytes = (extra: string): Uint8Array =>
    octets(
      element(
        0x30,
        element(0xa0, '3000') +
          element(0xa2, encodingOf(finished, fieldsOf(finished), extra)) +
          element(0xa3, '020107'),
      ),
    )
  expect(response.decode(bytes(UNKNOWN))).toEqual(response.decode(bytes('')))
})

function refusalOf(codec: MessageCodec, hex: string | Uint8Array): MalformedTokenError {
  try {
    codec.decode(typeof hex === 'string' ? octets(hex) : hex)
  } catch (error) {
    if (error instanceof MalformedTokenError) return error
    throw error
  }
  throw new Error('was accepted')
}

function octets(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex, 'hex'))
}

function element(tag: number, contents: string): string {
  const length = contents.length / 2
  const header = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.of(tag, ...header).toString('hex') + contents
}

/** The fields of the outermost sequence. */
function fieldsOf(type: Asn1Type): readonly Asn1Field[] {
  if (type.kind === 'sequence') return type.fields
  if (type.kind === 'tagged') return fieldsOf(type.of)
  const definition = type.kind === 'name' ? definitions.get(type.name) : undefined
  return definition === undefined ? [] : fieldsOf(definition)
}

/** The least value of a type, in hexadecimal: what the notation says, without our codecs. */
function encodingOf(type: Asn1Type, fields = fieldsOf(type), extra = ''): string {
  switch (type.kind) {
    case 'name': {
      const definition = definitions.get(type.name)
      return definition === undefined ? least[type.name] : encodingOf(definition, fields, extra)
    }
    case 'constant':
      return element(0x02, Buffer.of(type.value).toString('hex'))
    case 'list':
      return element(0x30, type.minimum === 0 ? '' : encodingOf(type.of))
    case 'tagged':
      return element((type.tagClass === 'application' ? 0x60 : 0xa0) | type.number, encodingOf(type.of, fields, extra))
    case 'sequence':
      return element(
        0x30,
        fields
          .filter(({ optional }) => !optional)
          .map(encodingOfField)
          .join('') + extra,
      )
  }
}

function encodingOfField({ number, type }: Asn1Field): string {
  return element(0xa0 | number, encodingOf(type))
}

/** `enc-part` for `encPart`. */
function wireName({ property }: Asn1Field): string {
  return property.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}
