import { describe, expect, test } from 'vitest'
import { Key } from '../crypto/key.js'
import { ConfigurationError } from '../errors/errors.js'
import { Keytab } from './keytab.js'

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'))

/** `a@R`, timestamp 1. */
const START = '0001 0001 52 0001 61 00000001 00000001'
/** aes128-cts-hmac-sha1-96, key 00..0f. */
const KEY = '0011 0010 000102030405060708090a0b0c0d0e0f'

function refusalOf(bytes: Uint8Array, source?: string): ConfigurationError {
  try {
    Keytab.decode(bytes, source)
  } catch (error) {
    if (error instanceof ConfigurationError) return error
    throw error
  }
  throw new Error('was accepted')
}

describe('a damaged keytab tells the field in which it ends or is wrong:', () => {
  test.each([
    ['0502 0000', ' (size: expected 4 octets, found 2 octets)'],
    ['0502 00000010 0001', ' (expected 16 octets, found 2 octets)'],
    ['0502 00000004 ffff 0000', ' (components: expected at most 16 components, found 65535)'],
    ['0502 00000004 0011 0000', ' (components: expected at most 16 components, found 17)'],
    ['0502 00000005 0001 ffff 52', ' (realm: expected 65535 octets, found 1 octets)'],
    [`0502 00000015 ${START} 07 0011 0010`, ' of a@R (key: expected 16 octets, found 0 octets)'],
    [
      `0502 00000016 ${START} 07 0011 0001 00`,
      ' of a@R (key: expected 16 octets for aes128-cts-hmac-sha1-96, found 1 octets)',
    ],
    [
      `0502 00000025 0001 0001 ff 0001 61 00000001 00000001 07 ${KEY}`,
      ' of a@ÿ (realm: expected UTF-8, found other octets)',
    ],
    [
      `0502 00000025 0001 0001 52 0001 ff 00000001 00000001 07 ${KEY}`,
      ' of ÿ@R (component[0]: expected UTF-8, found other octets)',
    ],
    ['0501 00000004 0000 0000', ' (components: expected at most 16 components, found -1)'],
    ['0502 00000001 00', ' (components: expected 2 octets, found 1 octets)'],
    ['0502 00000003 0001 00', ' (realm.length: expected 2 octets, found 1 octets)'],
    ['0502 00000006 0001 0001 52 00', ' (component[0].length: expected 2 octets, found 1 octets)'],
    ['0502 00000008 0001 0001 52 0001 61', ' (nameType: expected 4 octets, found 0 octets)'],
    ['0502 0000000c 0001 0001 52 0001 61 00000001', ' of a@R (timestamp: expected 4 octets, found 0 octets)'],
    [`0502 00000010 ${START}`, ' of a@R (kvno: expected 1 octets, found 0 octets)'],
    [`0502 00000011 ${START} 07`, ' of a@R (keytype: expected 2 octets, found 0 octets)'],
    [`0502 00000013 ${START} 07 0011`, ' of a@R (keylength: expected 2 octets, found 0 octets)'],
  ])('%s', (bytes, message) => {
    const error = refusalOf(hex(bytes), 'web.keytab')
    expect([error.code, error.message]).toEqual([
      'KRB5_KT_FORMAT',
      `web.keytab is damaged: no key in it can be read: entries[0]${message}`,
    ])
    expect(error.hint).toBe(
      'Export the keytab again (samba-tool domain exportkeytab, ktpass, or kadmin ktadd) and copy it in binary mode.',
    )
  })
})

describe('another kind of file is told by its first octets:', () => {
  test.each([
    ['', 'an empty file'],
    ['05', 'one octet'],
    ['0503', 'something else'],
    ['2d2d2d2d', 'something else'],
    ['0401', 'something else'],
  ])('%j', (bytes, found) => {
    const error = refusalOf(hex(bytes), 'web.keytab')
    expect([error.code, error.message]).toEqual([
      'KRB5_KEYTAB_BADVNO',
      `web.keytab is not a keytab: expected a file that begins with 05 01 or 05 02, found ${found}`,
    ])
    expect(error.hint).toBe(
      'Point to the file that samba-tool domain exportkeytab, ktpass or kadmin ktadd wrote; `klist -k FILE` must list it.',
    )
  })
})

test('a keytab without a name is called keytab', () => {
  expect(refusalOf(hex('')).message).toMatch(/^keytab is not a keytab/)
  expect(refusalOf(hex('0502 00')).message).toMatch(/^keytab is damaged: no key in it can be read: entries\[0\] \(size/)
})

test('sixteen components are read, and what a farm of hosts has in one file, but no more', () => {
  const parts = '0001 61'.repeat(16)
  const record = `0010 0001 52 ${parts} 00000001 00000001 07 ${KEY}`.replaceAll(' ', '')
  const size = (record.length / 2).toString(16).padStart(8, '0')
  expect(Keytab.decode(hex(`0502 ${size} ${record}`)).entries[0].principal.name.nameString).toHaveLength(16)
  const one = hex(`00000025 ${START} 07 ${KEY}`)
  const file = (count: number): Uint8Array => {
    const octets = new Uint8Array(2 + count * one.length)
    octets.set([5, 2])
    for (let index = 0; index < count; index++) octets.set(one, 2 + index * one.length)
    return octets
  }
  expect(Keytab.decode(file(100_000)).entries).toHaveLength(100_000)
  const { entries, leftOut } = Keytab.decode(file(100_001))
  expect(entries).toHaveLength(100_000)
  expect(leftOut).toEqual([
    { record: 'entries[100000]', name: undefined, why: 'expected at most 100000 entries, found more' },
  ])
})

describe('one record that cannot be read is left out and told, and the others are read:', () => {
  const good = `00000025 ${START} 07 ${KEY}`
  const last = `00000025 0001 0001 52 0001 62 00000001 00000001 07 ${KEY}`
  test.each([
    [
      'a name in Latin-1',
      '00000025 0001 0001 52 0001 f6 00000001 00000001 07 ' + KEY,
      'entries[1]',
      'ö@R',
      'component[0]: expected UTF-8, found other octets',
    ],
    [
      'a key of another length than its type has',
      `00000019 ${START} 07 0011 0004 00010203`,
      'entries[1]',
      'a@R',
      'key: expected 16 octets for aes128-cts-hmac-sha1-96, found 4 octets',
    ],
    [
      'a key of no octets',
      `00000015 ${START} 07 0012 0000`,
      'entries[1]',
      'a@R',
      'key: expected 32 octets for aes256-cts-hmac-sha1-96, found 0 octets',
    ],
    [
      'a record that ends within a field',
      `00000010 ${START}`,
      'entries[1]',
      'a@R',
      'kvno: expected 1 octets, found 0 octets',
    ],
    [
      'a record of a length that fits nothing',
      '00000001 00',
      'entries[1]',
      undefined,
      'components: expected 2 octets, found 1 octets',
    ],
    [
      'a name of very many parts',
      '00000004 ffff 0000',
      'entries[1]',
      undefined,
      'components: expected at most 16 components, found 65535',
    ],
  ])('%s', (_what, record, at, name, why) => {
    const keytab = Keytab.decode(hex(`0502 ${good} ${record} ${last}`))
    expect(keytab.principals).toEqual(['a@R', 'b@R'])
    expect(keytab.leftOut).toEqual([{ record: at, name, why }])
  })

  test.each([
    ['a last record that is cut short', '00000025 0001 0001 52', 'expected 37 octets, found 5 octets'],
    ['one octet behind the end', '00', 'size: expected 4 octets, found 1 octets'],
    ['a length that fits into no file', '7fffffff', 'expected 2147483647 octets, found 0 octets'],
  ])('%s', (_what, end, why) => {
    const keytab = Keytab.decode(hex(`0502 ${good} ${last} ${end}`))
    expect(keytab.principals).toEqual(['a@R', 'b@R'])
    expect(keytab.leftOut).toEqual([{ record: 'entries[2]', name: undefined, why }])
  })

  test('octets of a key in the place of a name are not shown', () => {
    // A record whose fields are read at the wrong place: 24 octets of a key stand where its realm
    // should be.
    const key = 'd3adbeefd3adbeefd3adbeefd3adbeefd3adbeefd3adbeef'
    const [{ name, why }] = Keytab.decode(hex(`0502 ${good} 0000001e 0001 0018 ${key} 0000`)).leftOut
    expect(name).toBeUndefined()
    expect(why).not.toMatch(/\u00d3|d3ad/i)
  })

  test('a keytab of which nothing was left out says so, and several as one have what each left out', () => {
    expect(Keytab.decode(hex(`0502 ${good}`)).leftOut).toEqual([])
    const cut = Keytab.decode(hex(`0502 ${good} 00`))
    expect(Keytab.merge([cut, Keytab.decode(hex(`0502 ${last}`)), cut]).leftOut).toEqual([
      ...cut.leftOut,
      ...cut.leftOut,
    ])
  })
})

test('a version 1 file that is too short for its byte order to show is read as its length says', () => {
  expect(Keytab.decode(hex('0501')).entries).toEqual([])
  expect(refusalOf(hex('0501 000000')).message).toMatch(' (size: expected 4 octets, found 3 octets)')
  expect(Keytab.decode(hex('0501 00000000')).entries).toEqual([])
})

test('negative encryption types and name types are read as such, and a byte order mark is part of a name', () => {
  const [read] = Keytab.decode(
    hex(`0502 0000001c 0001 0001 52 0004 efbbbf61 ffffff80 00000001 07 ff74 0004 01020304`),
  ).entries
  expect(read.key.etype).toBe(-140)
  expect(read.principal.name).toEqual({ nameType: -128, nameString: ['\ufeffa'] })
})

test('a keytab is written with the low octet of a version in its old place, and names that are too long are refused', () => {
  const entry = {
    principal: { name: { nameType: 1, nameString: ['a'] }, realm: 'R' },
    kvno: 0x12c,
    key: new Key(17, hex('000102030405060708090a0b0c0d0e0f')),
    timestamp: 1_999,
  }
  expect(Buffer.from(new Keytab([entry]).encode()).toString('hex')).toBe(
    `0502 00000029 ${START} 2c ${KEY} 0000012c`.replaceAll(' ', ''),
  )
  const named = (text: string) =>
    new Keytab([{ ...entry, principal: { name: { nameType: 1, nameString: [text] }, realm: 'R' } }])
  expect(Keytab.decode(named('x'.repeat(65_535)).encode()).entries[0].principal.name.nameString[0]).toHaveLength(65_535)
  expect(() => named('x'.repeat(65_536)).encode()).toThrow('a name of more than 65535 octets does not fit in a keytab')
})

test('the entries cannot be changed, nor through the list that they came from', () => {
  const list = [Keytab.decode(hex(`0502 00000025 ${START} 07 ${KEY}`)).entries[0]]
  const keytab = new Keytab(list)
  list.pop()
  expect(keytab.entries).toHaveLength(1)
  expect(Object.isFrozen(keytab.entries)).toBe(true)
})
