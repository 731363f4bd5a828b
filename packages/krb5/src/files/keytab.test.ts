import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { Key } from '../crypto/key.js'
import { ConfigurationError } from '../errors/errors.js'
import { Keytab, type KeytabEntry } from './keytab.js'
import { parsePrincipal } from '../names/principal.js'

const hex = (...parts: readonly string[]): Uint8Array =>
  Uint8Array.from(Buffer.from(parts.join('').replaceAll(' ', ''), 'hex'))

const refused = (bytes: Uint8Array): ConfigurationError => {
  try {
    Keytab.decode(bytes, 'web.keytab')
  } catch (error) {
    if (error instanceof ConfigurationError) return error
    throw error
  }
  throw new Error('was accepted')
}

/** `a@R`, timestamp 1, key version 7, aes128-cts-hmac-sha1-96, key 00..0f. */
const START = '0001 0001 52 0001 61 00000001 00000001'
const KEY = '0011 0010 000102030405060708090a0b0c0d0e0f'
const V2 = '0502'

const entry = (principal: string, kvno: number, etype = 17): KeytabEntry => ({
  principal: parsePrincipal(principal),
  kvno,
  key: new Key(etype, new Uint8Array(etype === 17 ? 16 : 32).fill(9)),
  timestamp: 1_000,
})

describe('a keytab', () => {
  test('reads what it has written', () => {
    const entries = [
      entry('HTTP/web.ad.test@AD.TEST', 1),
      entry('zoë@AD.TEST', 255),
      entry('a@R', 256, 18),
      entry('b\\/c\\@d@R', 0xffff_fffe),
      entry('none@R', 0),
    ]
    const keytab = Keytab.decode(new Keytab(entries).encode())
    expect(keytab.entries).toEqual(entries)
    expect(keytab.entries.every(({ key }, index) => key.equals(entries[index].key))).toBe(true)
    expect(keytab.principals).toEqual(['HTTP/web.ad.test@AD.TEST', 'zoë@AD.TEST', 'a@R', 'b\\/c\\@d@R', 'none@R'])
  })

  test('with nothing in it is a keytab', () => {
    expect(Keytab.decode(hex(V2)).entries).toEqual([])
  })

  test('takes the version of eight bits where there is no other', () => {
    expect(Keytab.decode(hex(V2, '00000025', START, '07', KEY)).entries[0]).toMatchObject({ kvno: 7, timestamp: 1_000 })
    expect(Keytab.decode(hex(V2, '00000029', START, '07', KEY, '00000000')).entries[0].kvno).toBe(7)
  })

  test('takes the version of 32 bits where there is one, and passes over fields that nobody knows', () => {
    expect(Keytab.decode(hex(V2, '00000029', START, '2c', KEY, '0000012c')).entries[0].kvno).toBe(300)
    expect(Keytab.decode(hex(V2, '0000002e', START, '2c', KEY, '0000012c 0000000001')).entries[0].kvno).toBe(300)
    expect(Keytab.decode(hex(V2, '00000028', START, '07', KEY, '000001')).entries[0].kvno).toBe(7)
  })

  test('passes over holes, also the one whose length cannot be negated in 32 bits', () => {
    const record = ['00000025', START, '07', KEY]
    expect(Keytab.decode(hex(V2, 'fffffffc deadbeef', ...record, 'ffffffff 00')).entries).toHaveLength(1)
    expect(Keytab.decode(hex(V2, ...record, '80000000 deadbeef')).entries).toHaveLength(1)
    expect(Keytab.decode(hex(V2, ...record, '00000000', 'ffff')).entries).toHaveLength(1)
  })

  test('reads version 1 in both byte orders, in which the realm counts as a component and names have no type', () => {
    const big = hex('0501', '00000021', '0002 0001 52 0001 61 00000001 07', KEY)
    const little = hex(
      '0501',
      '21000000',
      '0200 0100 52 0100 61 01000000 07',
      '1100 1000 000102030405060708090a0b0c0d0e0f',
    )
    for (const bytes of [big, little]) {
      const [read] = Keytab.decode(bytes).entries
      expect(read.principal).toEqual({ name: { nameType: 0, nameString: ['a'] }, realm: 'R' })
      expect(read).toMatchObject({ kvno: 7, timestamp: 1_000 })
      expect(read.key.equals(new Key(17, hex('000102030405060708090a0b0c0d0e0f')))).toBe(true)
    }
  })

  test('keeps keys of encryption types that it does not know', () => {
    const [read] = Keytab.decode(hex(V2, '00000019', START, '07', '0099 0004 01020304')).entries
    expect(read.key.etype).toBe(0x99)
    expect(Keytab.decode(new Keytab([read]).encode()).entries).toEqual([read])
  })

  test('merges with others in order', () => {
    const merged = Keytab.merge([new Keytab([entry('a@R', 1)]), new Keytab([entry('b@R', 1)])])
    expect(merged.principals).toEqual(['a@R', 'b@R'])
  })

  test('knows the file that it was read from, for the errors of those who use it', () => {
    const octets = new Keytab([entry('a@R', 1)]).encode()
    expect(Keytab.decode(octets, '/etc/web.keytab').source).toBe('/etc/web.keytab')
    expect(Keytab.decode(octets).source).toBeUndefined()
    expect(Keytab.merge([Keytab.decode(octets)], '/etc/web.keytab, /etc/api.keytab').source).toContain('api.keytab')
  })

  test('shows no key when it is printed', () => {
    const keytab = Keytab.decode(hex(V2, '00000025', START, '07', KEY))
    const shown = inspect(keytab, { depth: 9, showHidden: true }) + JSON.stringify(keytab)
    expect(shown).toContain('Key(aes128-cts-hmac-sha1-96)')
    expect(shown).not.toMatch(/000102|0,\s*1,\s*2|AAECAw/)
  })
})

describe('what is no keytab', () => {
  test.each([
    ['an empty file', '', 'KRB5_KEYTAB_BADVNO'],
    ['one octet', '05', 'KRB5_KEYTAB_BADVNO'],
    ['another version', '0503', 'KRB5_KEYTAB_BADVNO'],
    ['text', '2d2d2d2d', 'KRB5_KEYTAB_BADVNO'],
    ['half a length', '0502 0000', 'KRB5_KT_FORMAT'],
    ['a record longer than the file', '0502 00000010 0001', 'KRB5_KT_FORMAT'],
    ['more components than any name has', `0502 00000004 ffff 0000`, 'KRB5_KT_FORMAT'],
    ['a name longer than its record', `0502 00000005 0001 ffff 52`, 'KRB5_KT_FORMAT'],
    ['a key longer than its record', `0502 00000015 ${START} 07 0011 0010`, 'KRB5_KT_FORMAT'],
    ['a key of the wrong length', `0502 00000016 ${START} 07 0011 0001 00`, 'KRB5_KT_FORMAT'],
    ['a name that is not UTF-8', `0502 00000025 0001 0001 ff 0001 61 00000001 00000001 07 ${KEY}`, 'KRB5_KT_FORMAT'],
    ['version 1 without a realm', '0501 00000004 0000 0000', 'KRB5_KT_FORMAT'],
  ])('is refused: %s', (_what, bytes, code) => {
    const error = refused(hex(bytes))
    expect(error.code).toBe(code)
    expect(error.message).toContain('web.keytab')
    expect(error.hint).toBeDefined()
  })

  test('is not written either', () => {
    const long = {
      ...entry('a@R', 1),
      principal: { name: { nameType: 1, nameString: ['x'.repeat(65_536)] }, realm: 'R' },
    }
    expect(() => new Keytab([long]).encode()).toThrow(ConfigurationError)
  })
})
