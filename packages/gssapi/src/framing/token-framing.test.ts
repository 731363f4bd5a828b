import { describe, expect, test } from 'vitest'
import { fromHex, refusalOf, text } from '../fixtures/octets.js'
import { Mechanism } from './oids.js'
import { frame, isFramed, isFramedAs, unframe } from './token-framing.js'

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

test.each([
  ['a whole frame', '600b 06092a864886f712010202', true],
  ['a wrong length', '60ff 06092a864886f712010202', false],
  ['a length that says more than there is', '607f 06092a864886f712010202', true],
  ['a long length', '60820102 06092a864886f712010202', true],
  ['a length of one octet in the long form', '60810b 06092a864886f712010202', true],
  ['an indefinite length', '6080 06092a864886f712010202', true],
  ['octets that follow', '600b 06092a864886f712010202 ffff', true],
  ['another mechanism', '6008 06062b0601050502', false],
  ['one octet that differs', '600b 06092a864886f712010203', false],
  ['a part of the name', '600b 06092a864886', false],
  ['the tag alone', '60', false],
  ['no frame', '610b 06092a864886f712010202', false],
  ['nothing', '', false],
])('a token with %s begins as one of this mechanism: %s %s', (_what, token, begins) => {
  expect(isFramedAs(Mechanism.KRB5, fromHex(token))).toBe(begins)
})

describe('a frame is refused', () => {
  test.each([
    ['that is empty', '', 'InitialContextToken: expected [APPLICATION 0], found the end'],
    [
      'whose length takes more octets than it needs',
      '60810b 06092a864886f712010202',
      'InitialContextToken: expected the shortest form of the length, found 11 in 1 octets',
    ],
    [
      'of indefinite length',
      '6080 06092a864886f712010202 0000',
      'InitialContextToken: expected a definite length, found the indefinite form',
    ],
    [
      'that is shorter than it says',
      '600c 06092a864886f712010202',
      'InitialContextToken: expected a length of at most 11, found 12',
    ],
    [
      'with octets after it',
      '600b 06092a864886f712010202 000000',
      'InitialContextToken: expected the end, found 3 trailing octets',
    ],
    [
      'whose mechanism reaches beyond it',
      '6005 06092a864886f712010202',
      'InitialContextToken.this-mech: expected a length of at most 3, found 9',
    ],
    [
      'without a mechanism',
      '6002 0400',
      'InitialContextToken.this-mech: expected OBJECT IDENTIFIER, found OCTET STRING',
    ],
    ['of another type', '300b 06092a864886f712010202', 'InitialContextToken: expected [APPLICATION 0], found SEQUENCE'],
  ])('%s', (_, hex, message) => {
    expect(refusalOf(() => unframe(fromHex(hex)))).toBe(`GSS_S_DEFECTIVE_TOKEN: ${message}`)
  })
})
