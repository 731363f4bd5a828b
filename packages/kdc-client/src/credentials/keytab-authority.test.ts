import { Key, Keytab, type KeytabEntry, MissingKeyError, parsePrincipal } from '@s4u/krb5'
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { createKdcClient } from '../client/create-kdc-client.js'
import { keytabAuthority, signInPrincipal } from './keytab-authority.js'

const folder = mkdtempSync(join(tmpdir(), 's4u-keytab-'))
afterAll(() => rmSync(folder, { recursive: true }))

const web = {
  principal: parsePrincipal('web@AD.TEST'),
  kvno: 1,
  key: Key.random(18),
  timestamp: 0,
}

describe('a name without a realm', () => {
  const krb5Config = join(folder, 'krb5.conf')
  writeFileSync(krb5Config, '[libdefaults]\n  default_realm = ATHENA.MIT.EDU\n')
  const principalOf = (entries: readonly KeytabEntry[], options: { realm?: string } = {}): string =>
    createKdcClient({ krb5Config, credentials: { keytab: new Keytab(entries), principal: 'web' }, ...options })
      .principal

  test('is one of the keytab, whatever the krb5.conf of the machine is about', () => {
    expect(principalOf([web])).toBe('web@AD.TEST')
  })

  test('is that of the default realm where the keytab has it of several', () => {
    expect(principalOf([web, { ...web, principal: parsePrincipal('web@ATHENA.MIT.EDU') }])).toBe('web@ATHENA.MIT.EDU')
  })

  test('is of no other realm than the one that the caller names', () => {
    expect(() => principalOf([web], { realm: 'OTHER.TEST' })).toThrow('no usable key of web@OTHER.TEST')
  })
})

describe('a keytab with a record that cannot be read', () => {
  const damaged = Buffer.concat([new Keytab([web]).encode(), Buffer.of(0, 0, 0, 1, 0)])

  test('signs in with the others, and the record is told', () => {
    const lines: string[] = []
    const line = (text: string): void => void lines.push(text)
    const logger = { debug: line, info: line, warn: line, error: line }
    const client = createKdcClient({ kdc: 'kdc.ad.test', credentials: { keytab: damaged }, logger })
    expect(client.principal).toBe('web@AD.TEST')
    expect(lines.join('\n')).toMatch(
      /S4U_KEYTAB_RECORD: the keytab: left out as unreadable: entries\[1\] \(components: expected 2 octets, found 1 octets\)/,
    )
  })

  test('says which one it was where another principal is wanted', () => {
    expect(() =>
      createKdcClient({ kdc: 'kdc.ad.test', credentials: { keytab: damaged, principal: 'api@AD.TEST' } }),
    ).toThrow(
      'the keytab has no usable key of api@AD.TEST; it has keys of web@AD.TEST; left out as unreadable: entries[1] (components: expected 2 octets, found 1 octets)',
    )
  })
})

describe('a keytab that nobody can sign in with', () => {
  const fileOf = (name: string, keytab: Keytab): string => {
    const path = join(folder, name)
    writeFileSync(path, keytab.encode())
    return path
  }

  test.each([
    ['is empty', [], undefined, undefined, 'any principal; it has keys of nobody'],
    ['has another principal', [web], 'api', undefined, 'api@AD.TEST; it has keys of web@AD.TEST'],
    [
      'has no key of the encryption types asked for',
      [web],
      undefined,
      [17, 99],
      'web@AD.TEST: its encryption types are aes256-cts-hmac-sha1-96, those asked for aes128-cts-hmac-sha1-96, etype 99',
    ],
  ])('is named, with the principal, when it %s', (what, entries, principal, encryptionTypes, why) => {
    const keytab = fileOf(`${what}.keytab`, new Keytab(entries))
    const make = (file: string) => () =>
      createKdcClient({
        kdc: 'kdc.ad.test',
        credentials: { keytab: file, ...(principal && { principal }) },
        ...(encryptionTypes && { encryptionTypes }),
      })
    expect(make(keytab)).toThrow(MissingKeyError)
    expect(make(keytab)).toThrow(`${keytab} has no usable key of ${why}`)
    expect(make(`FILE:${keytab}`)).toThrow(`${keytab} has no usable key of ${why}`)
  })

  test('is called the keytab where it has no name', () => {
    const make = () => createKdcClient({ kdc: 'kdc.ad.test', credentials: { keytab: new Keytab([]) } })
    expect(make).toThrow('the keytab has no usable key of any principal')
  })
})

describe('the errors of a keytab say what to do', () => {
  const make =
    (entries: readonly KeytabEntry[], principal?: string, etypes: readonly number[] = [18]) =>
    () =>
      keytabAuthority({ keytab: new Keytab(entries), ...(principal && { principal }) }, NONE, etypes)

  test.each([
    [
      make([web, { ...web, principal: parsePrincipal('HTTP/web@AD.TEST') }], 'api'),
      'the keytab has no usable key of api@AD.TEST; it has keys of web@AD.TEST, HTTP/web@AD.TEST',
      'Name the account in `principal`, or export a keytab that holds it with an AES key.',
    ],
    [
      make([web], 'web@ad.test'),
      'the keytab has no usable key of web@ad.test; it has keys of web@AD.TEST',
      "Names and realms are case-sensitive: write principal: 'web@AD.TEST'.",
    ],
    [
      make([web, { ...web, kvno: 2 }], undefined, []),
      'the keytab has no usable key of web@AD.TEST: its encryption types are aes256-cts-hmac-sha1-96, those asked for none',
      'Export a keytab that holds the account with an AES key, or name one of its types in `encryptionTypes`.',
    ],
  ])('%#', (authority, message, hint) => {
    expect(authority).toThrow(expect.objectContaining({ name: 'MissingKeyError', message, hint }))
  })

  test('and which key is missing', async () => {
    await expect(make([web])().keyFor({ etype: 17 })).rejects.toMatchObject({
      name: 'MissingKeyError',
      message: 'the keytab has no key of encryption type 17 for web@AD.TEST',
    })
  })
})

const NONE = { realm: undefined, defaultRealm: undefined }

describe('whose keytab it is', () => {
  const named = (name: string): KeytabEntry => ({ ...web, principal: parsePrincipal(name) })

  test('is said by the first account, and by the first name where all are of services', () => {
    const of = (...names: string[]) => signInPrincipal(new Keytab(names.map(named)))?.name.nameString
    expect(of('HTTP/web@AD.TEST', 'web@AD.TEST', 'api@AD.TEST')).toEqual(['web'])
    expect(of('HTTP/web@AD.TEST', 'HTTP/api@AD.TEST')).toEqual(['HTTP', 'web'])
    expect(of()).toBeUndefined()
  })

  test('is, of a name without a realm that it does not have, told of its first realm, else of the default one', () => {
    const make = (entries: readonly KeytabEntry[]) => () =>
      keytabAuthority({ keytab: new Keytab(entries), principal: 'api' }, { ...NONE, defaultRealm: 'B.TEST' }, [18])
    expect(make([web, named('web@A.TEST')])).toThrow('no usable key of api@AD.TEST;')
    expect(make([])).toThrow('no usable key of api@B.TEST;')
  })

  test('is the realm where there is a key of the name', () => {
    const authority = keytabAuthority(
      { keytab: new Keytab([named('api@A.TEST'), web]), principal: 'web' },
      { ...NONE, defaultRealm: 'B.TEST' },
      [18],
    )
    expect(authority.principal).toEqual(web.principal)
  })

  test('may be an enterprise name of the realm that is told', () => {
    const principal = { name: { nameType: 10, nameString: ['web@corp.example'] }, realm: 'AD.TEST' }
    const credentials = { keytab: new Keytab([{ ...web, principal }]), principal: 'web@corp.example', enterprise: true }
    expect(keytabAuthority(credentials, { ...NONE, realm: 'AD.TEST' }, [18]).principal).toEqual(principal)
  })
})

describe('of the keys of a keytab', () => {
  const key = (octet: number, etype = 18): Key => new Key(etype, new Uint8Array(etype === 18 ? 32 : 16).fill(octet))
  const entry = (kvno: number, of: Key): KeytabEntry => ({ ...web, kvno, key: of })
  const stranger = { ...entry(99, key(99)), principal: parsePrincipal('api@AD.TEST') }
  const entries = [entry(1, key(1)), stranger, entry(3, key(3)), entry(2, key(2)), entry(2, key(4, 17))]
  const authorityOf = (of: readonly KeytabEntry[] = entries, reload?: () => Keytab) =>
    keytabAuthority({ keytab: new Keytab(of), principal: 'web', ...(reload && { reload }) }, NONE, [17, 18, 20])
  const octetOf = (of: Key): number => of.exposeSecretBytes()[0]

  test('the types are those that were asked for, in their order, and are there', () => {
    expect(authorityOf().etypes).toEqual([17, 18])
  })

  test.each<[kvno: number | undefined, octet: number]>([
    [undefined, 3],
    [3, 3],
    [2, 2],
    [1, 1],
    [7, 3],
    [0x10002, 2],
    [0x102, 2],
    [0x10103, 3],
  ])('the one for version %s is the right one, else the newest', async (kvno, octet) => {
    expect(octetOf(await authorityOf().keyFor({ etype: 18 }, kvno))).toBe(octet)
  })

  test('a version above eight bits is compared whole, and one of a read-only KDC without its number', async () => {
    const authority = authorityOf([entry(0x103, key(1)), entry(0x200, key(2))])
    expect(octetOf(await authority.keyFor({ etype: 18 }, 0x103))).toBe(1)
    expect(octetOf(await authority.keyFor({ etype: 18 }, 0x10103))).toBe(1)
    expect(octetOf(await authority.keyFor({ etype: 18 }, 0x03))).toBe(2)
    const readOnly = authorityOf([entry(0x10003, key(1)), entry(0x20003, key(2))])
    expect(octetOf(await readOnly.keyFor({ etype: 18 }, 0x10003))).toBe(1)
    const small = authorityOf([entry(255, key(1)), entry(256, key(2))])
    expect(octetOf(await small.keyFor({ etype: 18 }, 0x1ff))).toBe(1)
    expect(octetOf(await authorityOf([entry(256, key(1)), entry(300, key(2))]).keyFor({ etype: 18 }, 0x200))).toBe(2)
  })

  test('no version is not version 0', async () => {
    const authority = authorityOf([entry(0, key(1)), entry(1, key(2))])
    expect(octetOf(await authority.keyFor({ etype: 18 }))).toBe(2)
    expect(octetOf(await authority.keyFor({ etype: 18 }, 0))).toBe(1)
    const { exact, keys } = await authority.keysFor(18, undefined)
    expect([exact, ...keys.map(octetOf)]).toEqual([false, 2, 1])
  })

  test('those for a ticket are all of its type: those of its version first, then the newest', async () => {
    const keysFor = async (etype: number, kvno: number | undefined) => {
      const { exact, keys } = await authorityOf().keysFor(etype, kvno)
      return [exact, ...keys.map(octetOf)]
    }
    expect(await keysFor(18, 2)).toEqual([true, 2, 3, 1])
    expect(await keysFor(18, 7)).toEqual([false, 3, 2, 1])
    expect(await keysFor(18, undefined)).toEqual([false, 3, 2, 1])
    expect(await keysFor(17, 2)).toEqual([true, 4])
    expect(await keysFor(23, 2)).toEqual([false])
  })

  test('the one before the newest is made current, and the newest again; where there is one, none', async () => {
    const authority = authorityOf()
    const current = async (): Promise<number> => octetOf(await authority.keyFor({ etype: 18 }))
    expect(authority.switchKey?.(18)).toBe(true)
    expect(await current()).toBe(2)
    expect(octetOf(await authority.keyFor({ etype: 18 }, 1))).toBe(1)
    expect(octetOf(await authority.keyFor({ etype: 17 }))).toBe(4)
    expect(authority.switchKey?.(18)).toBe(true)
    expect(await current()).toBe(3)
    expect(authority.switchKey?.(17)).toBe(false)
    expect(authorityOf([entry(1, key(1)), entry(2, key(2))]).switchKey?.(18)).toBe(true)
    expect(octetOf(await authority.keyFor({ etype: 17 }))).toBe(4)
  })

  describe('read again', () => {
    const read = (after: readonly KeytabEntry[]) => authorityOf(entries, () => new Keytab(after))

    test.each<[what: string, after: readonly KeytabEntry[], isOther: boolean]>([
      ['the same ones', entries, false],
      ['the same ones in another order', [entries[2], entries[1], entries[3], entries[4], entries[0]], false],
      ['none of the principal', [stranger], false],
      ['another key of the newest version', [entry(3, key(30)), entry(2, key(2))], true],
      ['another key of one version alone', [...entries.slice(0, 3), entry(2, key(20)), entries[4]], true],
      ['a newer version', [...entries, entry(4, key(40))], true],
      ['fewer', [entry(3, key(3)), entry(2, key(2))], true],
      ['the same keys of other versions', entries.map((one) => ({ ...one, kvno: one.kvno + 1 })), true],
    ])('%s: are there others now', async (_what, after, isOther) => {
      expect(await read(after).reread?.()).toBe(isOther)
    })

    test('there is no reading again of what is in memory', async () => {
      expect(await authorityOf().reread?.()).toBe(false)
    })

    test('it is asked whether the refused one is another now', async () => {
      const refused = { etype: 18 }
      expect(await read([entry(3, key(30))]).reread?.(refused)).toBe(true)
      const same = read([entry(3, key(3)), entry(2, key(20))])
      expect(await same.reread?.(refused)).toBe(false)
      // The others have been taken over all the same.
      expect(octetOf(await same.keyFor(refused, 2))).toBe(20)
      expect(await read([entry(4, key(40, 17))]).reread?.(refused)).toBe(true)
    })

    test('the newest of the new ones is current', async () => {
      const authority = read([entry(5, key(5)), entry(4, key(40))])
      authority.switchKey?.(18)
      expect(await authority.reread?.({ etype: 18 })).toBe(true)
      expect(octetOf(await authority.keyFor({ etype: 18 }))).toBe(5)
    })

    test('the one that was refused is the one that was current', async () => {
      const authority = read([entry(3, key(3)), entry(1, key(1))])
      authority.switchKey?.(18)
      expect(await authority.reread?.({ etype: 18 })).toBe(true)
    })
  })

  test('a file is read again when it has changed, and what cannot be read is no reason to stop', async () => {
    const path = join(folder, 'again.keytab')
    const write = (octets: Uint8Array, at: number): void => {
      writeFileSync(path, octets)
      utimesSync(path, at, at)
    }
    write(new Keytab([entry(1, key(1))]).encode(), 1)
    for (const prefix of ['', 'FILE:', 'WRFILE:']) {
      write(new Keytab([entry(1, key(1))]).encode(), 1)
      const authority = keytabAuthority({ keytab: `${prefix}${path}`, principal: 'web' }, NONE, [18])
      expect(await authority.reread?.()).toBe(false)
      write(Uint8Array.of(5, 2, 0, 0), 2)
      expect(await authority.reread?.()).toBe(false)
      write(new Keytab([entry(2, key(2))]).encode(), 3)
      expect(await authority.reread?.()).toBe(true)
      expect(octetOf(await authority.keyFor({ etype: 18 }))).toBe(2)
    }
  })

  test('a file may be called like what names its kind, and is told to be a keytab where it is not there', () => {
    const path = join(folder, 'odd FILE:name.keytab')
    writeFileSync(path, new Keytab([entry(1, key(1))]).encode())
    const make = (keytab: string) => keytabAuthority({ keytab, principal: 'web' }, NONE, [18])
    expect(make(path).principal).toEqual(web.principal)
    expect(() => make('/nowhere/at/all')).toThrow(/the keytab .*\/nowhere\/at\/all/)
  })

  test('the caller’s function is asked instead of the file, for octets and base64 as well', async () => {
    const path = join(folder, 'reload.keytab')
    const octets = new Keytab([entry(1, key(1))]).encode()
    writeFileSync(path, octets)
    const reload = async () => new Keytab([entry(2, key(2))])
    for (const keytab of [path, octets, Buffer.from(octets).toString('base64'), new Keytab([entry(1, key(1))])]) {
      const authority = keytabAuthority({ keytab, principal: 'web', reload }, NONE, [18])
      expect(octetOf(await authority.keyFor({ etype: 18 }))).toBe(1)
      expect(await authority.reread?.()).toBe(true)
      expect(octetOf(await authority.keyFor({ etype: 18 }))).toBe(2)
    }
  })
})
