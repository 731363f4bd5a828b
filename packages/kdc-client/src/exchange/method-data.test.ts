import { encode, EtypeInfo2, MethodData, PaType } from '@s4u/krb5'
import { describe, expect, test } from 'vitest'
import { keysOffered, methodsIn } from './method-data.js'

const methods = [{ padataType: 19, padataValue: Uint8Array.of(1) }]

/** A list with one more element, of these octets. */
function withElement(list: Uint8Array, element: Uint8Array): Uint8Array {
  return Uint8Array.of(0x30, list.length - 2 + element.length, ...list.subarray(2), ...element)
}

test('METHOD-DATA is read, and what is none is empty', () => {
  expect(methodsIn(encode(MethodData, methods))).toEqual(methods)
  for (const other of [undefined, new Uint8Array(0), Uint8Array.of(4, 1, 0)]) expect(methodsIn(other)).toEqual([])
})

test('of METHOD-DATA with an element that cannot be read the others count', () => {
  for (const odd of [Uint8Array.of(0x04, 0), Uint8Array.of(0x30, 3, 0xa1, 1, 0)])
    expect(methodsIn(withElement(encode(MethodData, methods), odd))).toEqual(methods)
})

describe('the keys that a KDC offers', () => {
  const offered = [{ etype: 18, salt: 'AD.TESTalice' }, { etype: 17 }]
  const padataOf = (padataValue: Uint8Array) => [{ padataType: PaType.ETYPE_INFO2, padataValue }]

  test('are those that can be read: an odd salt of another type is no reason not to sign in', () => {
    // Type 3 with a salt that is no text.
    const odd = Uint8Array.of(0x30, 10, 0xa0, 3, 2, 1, 3, 0xa1, 3, 0x1b, 1, 0xff)
    expect(keysOffered(padataOf(withElement(encode(EtypeInfo2, offered), odd)))).toEqual(offered)
  })

  test('are not said where nothing is, and refused where it is no list', () => {
    expect(keysOffered([])).toBeUndefined()
    expect(keysOffered(undefined)).toBeUndefined()
    expect(() => keysOffered(padataOf(Uint8Array.of(4, 1, 0)))).toThrow('SEQUENCE OF element: expected SEQUENCE, found')
  })
})
