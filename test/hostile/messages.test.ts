import { ConfigurationError, decode, encode, KerberosString, MalformedTokenError } from '@s4u/krb5'
import * as fc from 'fast-check'
import { isDeepStrictEqual } from 'node:util'
import { describe, expect, test } from 'vitest'
import { plain, readWithAsn1js } from '../vectors/asn1-oracle.js'
import { messageCodecs } from '../vectors/message-codecs.js'
import { arbitraryMessage } from './inputs/arbitraries.js'

describe.each(messageCodecs.map((codec) => [codec.name, codec] as const))('%s', (name, codec) => {
  const messages = arbitraryMessage(name)

  test('is decoded to what was encoded, and asn1js reads the same', () => {
    fc.assert(
      fc.property(messages, (value) => {
        const bytes = codec.encode(value)
        const expected = plain(value)
        expect(plain(codec.decode(bytes))).toEqual(expected)
        expect(plain(readWithAsn1js(name, bytes))).toEqual(expected)
      }),
    )
  })

  test('has one encoding', () => {
    fc.assert(
      fc.property(messages, (value) => {
        const bytes = codec.encode(value)
        expect(codec.encode(codec.decode(bytes))).toEqual(bytes)
      }),
    )
  })

  test('is refused when it is cut short or has something behind it', () => {
    fc.assert(
      fc.property(
        messages,
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        fc.nat(255),
        (value, part, octet) => {
          const bytes = codec.encode(value)
          expect(() => codec.decode(bytes.subarray(0, Math.floor(bytes.length * part)))).toThrow(MalformedTokenError)
          expect(() => codec.decode(Uint8Array.of(...bytes, octet))).toThrow(MalformedTokenError)
        },
      ),
      { numRuns: 30 },
    )
  })

  test('with one octet changed is refused, or decoded to what it says now and to nothing else', () => {
    fc.assert(
      fc.property(messages, fc.nat(), fc.integer({ min: 1, max: 255 }), (value, at, change) => {
        const bytes = codec.encode(value)
        bytes[at % bytes.length] ^= change
        let decoded: unknown
        try {
          decoded = codec.decode(bytes)
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedTokenError)
          return
        }
        expect(plain(codec.decode(codec.encode(decoded)))).toEqual(plain(decoded))
        // It is never taken for what it was, but where the octet says nothing that is kept.
        if (isDeepStrictEqual(plain(decoded), plain(value)))
          expect(saysNothing(name, bytes, at % bytes.length)).toBe(true)
        else expectSameOfAsn1js(name, bytes, decoded)
      }),
    )
  })
})

const BIT_STRING = 0x03

/**
 * How many bits at the end of a BIT STRING do not count, which no flags are about; and the tag of
 * an EncTGSRepPart, which some KDCs give to an EncASRepPart (RFC 4120 section 5.4.2).
 */
function saysNothing(name: string, bytes: Uint8Array, place: number): boolean {
  return bytes[place - 2] === BIT_STRING || (name === 'EncASRepPart' && place === 0 && bytes[0] === 0x7a)
}

/**
 * Where it reads such a message at all: fields that are unknown, and text that is none, it refuses.
 */
function expectSameOfAsn1js(name: string, bytes: Uint8Array, decoded: unknown): void {
  let read: unknown
  try {
    read = plain(readWithAsn1js(name, bytes))
  } catch {
    return
  }
  expect(read).toEqual(plain(decoded))
}

test.each(['a\0b', '\ud800', 'x\udc00'])('the text %j is in no message', (text) => {
  expect(() => encode(KerberosString, text)).toThrow(ConfigurationError)
})

test('text beyond the basic plane is', () => {
  expect(decode(KerberosString, encode(KerberosString, '😀'))).toBe('😀')
})
