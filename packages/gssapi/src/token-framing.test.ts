import { describe, expect, test } from 'vitest'
import { fromHex, text } from './fixtures/octets.js'
import { Mechanism } from './oids.js'
import { frame, isFramed, unframe } from './token-framing.js'

const framed = fromHex('600b 06092a864886f712010202')

test('a frame names the mechanism and holds the rest', () => {
  const token = frame(Mechanism.KRB5, text('inner'))
  expect(token).toEqual(fromHex('6010 06092a864886f712010202 696e6e6572'))
  expect(isFramed(token)).toBe(true)
  expect(unframe(token)).toEqual({ mechanism: Mechanism.KRB5, innerToken: text('inner') })
})

test('a frame may be empty', () => {
  expect(unframe(framed).innerToken).toHaveLength(0)
})

test('a large frame has a long length', () => {
  const token = frame(Mechanism.SPNEGO, new Uint8Array(70_000))
  expect(token.subarray(0, 5)).toEqual(fromHex('6083 011178'))
  expect(unframe(token).innerToken).toHaveLength(70_000)
})

describe('a frame is refused', () => {
  test.each([
    ['that is empty', ''],
    ['whose length takes more octets than it needs', '60810b 06092a864886f712010202'],
    ['of indefinite length', '6080 06092a864886f712010202 0000'],
    ['that is shorter than it says', '600c 06092a864886f712010202'],
    ['with octets after it', '600b 06092a864886f712010202 000000'],
    ['whose mechanism reaches beyond it', '6005 06092a864886f712010202'],
    ['without a mechanism', '6002 0400'],
    ['of another type', '300b 06092a864886f712010202'],
  ])('%s', (_, hex) => {
    expect(() => unframe(fromHex(hex))).toThrow(/^InitialContextToken/)
  })
})
