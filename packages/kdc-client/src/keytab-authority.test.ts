import { Key, Keytab, type KeytabEntry, MissingKeyError, parsePrincipal } from '@s4u/krb5'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { createKdcClient } from './create-kdc-client.js'

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
