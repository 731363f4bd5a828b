import { encode, MethodData } from '@s4u/krb5'
import { expect, test } from 'vitest'
import { methodsIn } from './method-data.js'

test('METHOD-DATA is read, and what is none is empty', () => {
  const methods = [{ padataType: 19, padataValue: Uint8Array.of(1) }]
  expect(methodsIn(encode(MethodData, methods))).toEqual(methods)
  for (const other of [undefined, new Uint8Array(0), Uint8Array.of(4, 1, 0)]) expect(methodsIn(other)).toEqual([])
})
