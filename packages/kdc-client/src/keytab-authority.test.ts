import { Key, Keytab, MissingKeyError, parsePrincipal } from '@s4u/krb5'
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
