import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { BOX_OVERHEAD, createSealedBox } from './sealed-box.js'

const secret = randomBytes(32)
const plaintext = new TextEncoder().encode('alice')
const box = (secrets: readonly (string | Uint8Array)[], purpose = 'test') =>
  createSealedBox(secrets, purpose, randomBytes)

test('opens what it has sealed', () => {
  const sealed = box([secret]).seal(plaintext)
  expect(sealed).toHaveLength(24 + plaintext.length + 16)
  expect(box([secret]).open(sealed)).toEqual(plaintext)
})

test('never seals the same twice', () => {
  expect(box([secret]).seal(plaintext)).not.toEqual(box([secret]).seal(plaintext))
})

test('opens with any key of its list and seals with the first', () => {
  const [old, next] = ['o'.repeat(32), 'n'.repeat(32)]
  expect(box([next, old]).open(box([old]).seal(plaintext))).toEqual(plaintext)
  expect(box([old]).open(box([next, old]).seal(plaintext))).toBeUndefined()
})

test('does not open what another purpose has sealed, even with the same secret', () => {
  expect(box([secret], 'one').open(box([secret], 'another').seal(plaintext))).toBeUndefined()
})

test('opens nothing that was changed, cut or made up', () => {
  const sealed = box([secret]).seal(plaintext)
  for (let index = 0; index < sealed.length; index++) {
    const changed = sealed.slice()
    changed[index] ^= 1
    expect(box([secret]).open(changed)).toBeUndefined()
    expect(box([secret]).open(sealed.subarray(0, index))).toBeUndefined()
  }
  expect(box([secret]).open(randomBytes(100))).toBeUndefined()
})

test('instances of two releases open each other’s: the key, the cipher and the order of the octets are these', () => {
  // HKDF-SHA256 of the secret with the purpose, XChaCha20-Poly1305 with the purpose, computed apart
  // from this code.
  const known = Buffer.from(
    '0707070707070707070707070707070707070707070707077ad89300a6547495b24ab060ff6a5e64857d43d849',
    'hex',
  )
  const one = createSealedBox(['k'.repeat(32)], 's4u test', (length) => new Uint8Array(length).fill(7))
  expect(Buffer.from(one.seal(plaintext))).toEqual(known)
  expect(one.open(known)).toEqual(plaintext)
  expect(known.length - plaintext.length).toBe(BOX_OVERHEAD)
})

test('an empty text is sealed and opened as well', () => {
  const empty = new Uint8Array(0)
  expect(box([secret]).open(box([secret]).seal(empty))).toEqual(empty)
})
