import { ConfigurationError } from '@s4u/krb5'
import { expect, test } from 'vitest'
import { sealsOf } from './shared-secret.js'

const SECRET = 'x'.repeat(32)
const [seal] = sealsOf('redisEpochs', SECRET)

test('what is sealed opens under its name, and under no other', () => {
  const sealed = seal.seal('name', '1700000000000')
  expect(seal.open('name', sealed)).toBe('1700000000000')
  expect(seal.open('other', sealed)).toBeUndefined()
  expect(seal.seal('name', '1700000000000')).not.toBe(sealed)
})

test.each([
  ['another secret', sealsOf('redisEpochs', 'y'.repeat(32))[0]],
  ['another store', sealsOf('redisAttempts', SECRET)[0]],
])('neither names nor values are those of %s', (_, other) => {
  expect(other.open('name', seal.seal('name', '1'))).toBeUndefined()
  expect(other.nameOf('alice')).not.toBe(seal.nameOf('alice'))
})

test('every octet counts, and a tag of fewer octets does not', () => {
  const sealed = Buffer.from(seal.seal('name', '12'), 'base64url')
  for (let at = 0; at < sealed.length; at++) {
    const changed = Buffer.from(sealed)
    changed[at] ^= 1
    expect(seal.open('name', changed.toString('base64url'))).toBeUndefined()
    expect(seal.open('name', sealed.subarray(0, at).toString('base64url'))).toBeUndefined()
  }
})

test.each(['', '1700000000000', 'a b', '\u{1F600}'])('a value that was not sealed does not open: %j', (value) => {
  expect(seal.open('name', value)).toBeUndefined()
})

test('of a list each secret opens its own, and the first is the one that writes', () => {
  const [first, second, ...others] = sealsOf('redisEpochs', ['y'.repeat(32), new Uint8Array(Buffer.from(SECRET))])
  expect(second.open('name', seal.seal('name', '1'))).toBe('1')
  expect(first.open('name', seal.seal('name', '1'))).toBeUndefined()
  expect([second.nameOf('alice'), others]).toEqual([seal.nameOf('alice'), []])
})

test.each([undefined, '', 'x'.repeat(31), new Uint8Array(31), 32, [], [SECRET, 'short']])(
  'the secret %j is refused',
  (secret) => {
    expect(() => sealsOf('redisEpochs', secret)).toThrow(ConfigurationError)
    expect(() => sealsOf('redisEpochs', secret)).toThrow(
      expect.objectContaining({
        message: 'redisEpochs: secret has less than 32 octets',
        hint: 'Draw it once (openssl rand -base64 32) and give the same one to all instances.',
      }),
    )
  },
)

test('names and values are those of this format, octet by octet', () => {
  expect(seal.nameOf('alice')).toBe('YjHYMnEypBCwmE16M3hH3B_iZuNQJTXJU7PlOrBoWa0')
  expect(seal.open('name', 'BwcHBwcHBwcHBwcHtpBc7RJqyeXoHeluju-MSPWEmLee')).toBe('€ 1')
  // Empty is a text too.
  expect(seal.open('name', seal.seal('name', ''))).toBe('')
})

test('a value with a tag of four octets does not open', () => {
  expect(seal.open('name', 'BwcHBwcHBwcHBwcHZSPB_BIQefNET6-IitLYa7O--cg')).toBeUndefined()
})
