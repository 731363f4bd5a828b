import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { ConfigurationError, MalformedTokenError, RejectedTokenError } from '../errors/errors.js'
import { Key } from './key.js'
import { ENCRYPTION_TYPES } from './registry.js'

const etypes = ENCRYPTION_TYPES.map(({ etype, name }) => ({ etype, name }))
const octets = (length: number, start = 0): Uint8Array => Uint8Array.from({ length }, (_, i) => start + 31 * i)
const keyOf = (etype: number, start = 1): Key => Key.random(etype, (length) => octets(length, start))

const refusal = (code: string): object => expect.objectContaining({ name: 'RejectedTokenError', code })
const badIntegrity = refusal('KRB_AP_ERR_BAD_INTEGRITY')

describe.each(etypes)('a key of $name', ({ etype }) => {
  const key = keyOf(etype)
  const { confounderLength, checksumLength } = key.encryptionType
  const overhead = confounderLength + checksumLength

  test('opens what it sealed, of every length and in any order', () => {
    const messages = Array.from({ length: 70 }, (_, length) => octets(length, length))
    const sealed = messages.map((message) => key.seal(2, message))
    messages.forEach((message, i) => {
      expect(sealed[i].length).toBe(message.length + overhead)
      expect(key.open(2, sealed[i])).toEqual(message)
      expect(key.open(2, key.seal(2, message))).toEqual(message)
    })
    expect([...sealed].reverse().map((one) => key.open(2, one))).toEqual([...messages].reverse())
    expect(key.open(2, key.seal(2, octets(5000)))).toEqual(octets(5000))
  })

  test('leaves its arguments as they were, Buffers and views too', () => {
    const whole = Buffer.from(octets(120))
    const message = whole.subarray(7, 107)
    const sealed = key.seal(3, message)
    const received = Buffer.concat([Buffer.alloc(3), sealed]).subarray(3)
    expect(key.open(3, received)).toEqual(octets(120).subarray(7, 107))
    expect(key.open(3, received)).toEqual(octets(120).subarray(7, 107))
    expect(new Uint8Array(received)).toEqual(sealed)
    expect(new Uint8Array(whole)).toEqual(octets(120))
  })

  test('gives Uint8Arrays, never Buffers', () => {
    const sealed = key.seal(3, octets(20))
    const results = [
      sealed,
      key.open(3, sealed),
      key.checksum(3, octets(9)),
      key.prf(octets(4)),
      key.exposeSecretBytes(),
    ]
    for (const result of results) expect(Object.getPrototypeOf(result)).toBe(Uint8Array.prototype)
  })

  test('takes the confounder from the random source', () => {
    const random = (length: number): Uint8Array => octets(length, 9)
    expect(key.seal(2, octets(30), random)).toEqual(key.seal(2, octets(30), random))
    expect(key.seal(2, octets(30))).not.toEqual(key.seal(2, octets(30)))
    expect(() => key.seal(2, octets(30), () => new Uint8Array(3))).toThrow(ConfigurationError)
  })

  test('refuses a ciphertext with any octet changed', () => {
    const sealed = key.seal(2, octets(37))
    for (let i = 0; i < sealed.length; i++) {
      const changed = sealed.slice()
      changed[i] ^= 1
      expect(() => key.open(2, changed)).toThrow(badIntegrity)
    }
    expect(key.open(2, sealed)).toEqual(octets(37))
  })

  test('refuses a ciphertext of any other length', () => {
    const sealed = key.seal(2, octets(20))
    for (let length = 0; length < sealed.length; length++) {
      expect(() => key.open(2, sealed.subarray(0, length))).toThrow(badIntegrity)
    }
    expect(() => key.open(2, Uint8Array.of(...sealed, 0))).toThrow(badIntegrity)
  })

  test('refuses a ciphertext of another usage or another key', () => {
    const sealed = key.seal(2, octets(20))
    expect(() => key.open(11, sealed)).toThrow(badIntegrity)
    expect(() => keyOf(etype, 2).open(2, sealed)).toThrow(badIntegrity)
  })

  test('verifies its checksum and refuses any other', () => {
    const checksum = key.checksum(17, octets(50))
    expect(checksum.length).toBe(checksumLength)
    expect(key.verifyChecksum(17, octets(50), checksum)).toBeUndefined()
    const modified = refusal('KRB_AP_ERR_MODIFIED')
    expect(() => key.verifyChecksum(17, octets(51), checksum)).toThrow(modified)
    expect(() => key.verifyChecksum(6, octets(50), checksum)).toThrow(modified)
    expect(() => key.verifyChecksum(17, octets(50), checksum.subarray(1))).toThrow(modified)
    expect(() => key.verifyChecksum(17, octets(50), new Uint8Array(0))).toThrow(modified)
    expect(() => keyOf(etype, 2).verifyChecksum(17, octets(50), checksum)).toThrow(modified)
  })

  test('works the same after more usages than it keeps derived keys for', () => {
    const sealed = key.seal(2, octets(20))
    const checksum = key.checksum(17, octets(20))
    for (let usage = 100; usage < 130; usage++) expect(key.open(usage, key.seal(usage, octets(9)))).toEqual(octets(9))
    expect(key.open(2, sealed)).toEqual(octets(20))
    key.verifyChecksum(17, octets(20), checksum)
  })

  test('refuses a value of another length', () => {
    const { keyLength } = key.encryptionType
    for (const length of [0, keyLength - 1, keyLength + 1]) {
      expect(() => new Key(etype, new Uint8Array(length))).toThrow(MalformedTokenError)
    }
  })

  test('shows no secret octets when it is printed or cloned', () => {
    const used = keyOf(etype)
    used.seal(2, octets(20))
    const shown = [
      inspect(used, { depth: 9, showHidden: true }),
      inspect({ used }, { depth: 9 }),
      JSON.stringify({ used }),
      String(used),
      Object.keys(used).join(),
      Reflect.ownKeys(used).join(),
      inspect(structuredClone(used), { depth: 9, showHidden: true }),
    ].join('\n')
    const value = used.exposeSecretBytes()
    expect(shown).not.toContain(Buffer.from(value.subarray(0, 4)).toString('hex'))
    expect(shown).not.toContain(Buffer.from(value.subarray(0, 6)).toString('base64'))
    expect(shown).not.toContain([...value.subarray(0, 3)].join(', '))
    expect(shown).not.toContain('Uint8Array')
    expect(inspect(used)).toBe(`Key(${used.encryptionType.name})`)
    expect(Object.keys(used)).toEqual(['etype'])
  })

  test('cannot be used once it is wiped', () => {
    const wiped = keyOf(etype)
    const sealed = wiped.seal(2, octets(20))
    wiped.wipe()
    wiped.wipe()
    const uses = [
      () => wiped.seal(2, octets(20)),
      () => wiped.open(2, sealed),
      () => wiped.checksum(2, sealed),
      () => wiped.prf(sealed),
      () => wiped.exposeSecretBytes(),
      () => wiped.equals(key),
      () => key.equals(wiped),
    ]
    for (const use of uses) expect(use).toThrow(expect.objectContaining({ code: 'KRB5_KEY_WIPED' }))
    expect(key.open(2, sealed)).toEqual(octets(20))
  })
})

describe('any key', () => {
  test('copies the octets it is made of and those it exposes', () => {
    const value = octets(32)
    const key = new Key(18, value)
    value.fill(0)
    key.exposeSecretBytes().fill(0)
    expect(key.exposeSecretBytes()).toEqual(octets(32))
  })

  test('equals a key of the same type and octets only', () => {
    expect(new Key(18, octets(32)).equals(new Key(18, octets(32)))).toBe(true)
    expect(new Key(18, octets(32)).equals(new Key(18, octets(32, 1)))).toBe(false)
    expect(new Key(18, octets(32)).equals(new Key(20, octets(32)))).toBe(false)
    expect(new Key(99, octets(3)).equals(new Key(99, octets(4)))).toBe(false)
  })

  test('of an unknown type can be held, printed and compared, and not used', () => {
    const key = new Key(99, octets(5))
    expect(inspect(key)).toBe('Key(etype 99)')
    expect(key.exposeSecretBytes()).toEqual(octets(5))
    expect(key.equals(new Key(99, octets(5)))).toBe(true)
    const unknown = expect.objectContaining({ name: 'ConfigurationError', code: 'KDC_ERR_ETYPE_NOSUPP' })
    const uses = [
      () => key.seal(1, octets(1)),
      () => key.open(1, octets(99)),
      () => key.checksum(1, octets(1)),
      () => key.prf(octets(1)),
      () => key.checksumType,
    ]
    for (const use of uses) expect(use).toThrow(unknown)
    expect(() => Key.random(99)).toThrow(unknown)
  })

  test('of a type that is refused says so', () => {
    const key = new Key(3, octets(8))
    expect(inspect(key)).toBe('Key(des-cbc-md5)')
    expect(() => key.open(2, octets(99))).toThrow(/des-cbc-md5 is refused/)
    expect(() => Key.random(16)).toThrow(/des3-cbc-sha1-kd is refused/)
    expect(() => new Key(24, octets(16)).seal(2, octets(1))).toThrow(/rc4-hmac-exp is refused/)
  })

  test('is random when it is made so', () => {
    expect(Key.random(18).equals(Key.random(18))).toBe(false)
  })

  test('says nothing of itself in its refusals', () => {
    const key = keyOf(18)
    const sealed = key.seal(2, octets(20))
    sealed[0] ^= 1
    const thrown = (() => {
      try {
        return key.open(2, sealed)
      } catch (error) {
        return error
      }
    })()
    expect(thrown).toBeInstanceOf(RejectedTokenError)
    expect(Object.keys(thrown as object).sort()).toEqual(['code', 'hint', 'name'])
  })
})
