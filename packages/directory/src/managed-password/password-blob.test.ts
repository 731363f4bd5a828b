import { formatPrincipal } from '@s4u/krb5'
import { describe, expect, test } from 'vitest'
import { readAccount } from '../accounts/read-account.js'
import { DirectoryEntry } from '../ldap/directory-entry.js'
import { managedKeys } from './managed-keys.js'
import { decodePasswordBlob } from './password-blob.js'

const HOUR = 36_000_000_000n

/** As Samba sends it without a previous password: 290 octets, with the intervals right behind. */
function blobOf({ previous }: { readonly previous?: Uint8Array } = {}): Buffer {
  const at = { current: 16, previous: previous === undefined ? 0 : 274, query: previous === undefined ? 274 : 532 }
  const blob = Buffer.alloc(at.query + 16)
  blob.writeUInt16LE(1, 0)
  blob.writeUInt32LE(blob.length, 4)
  blob.writeUInt16LE(at.current, 8)
  blob.writeUInt16LE(at.previous, 10)
  blob.writeUInt16LE(at.query, 12)
  blob.writeUInt16LE(at.query + 8, 14)
  blob.fill(0x41, 16, 272)
  if (previous !== undefined) blob.set(previous, 274)
  blob.writeBigUInt64LE(3n * HOUR, at.query)
  blob.writeBigUInt64LE(2n * HOUR, at.query + 8)
  return blob
}

describe('the blob of a managed password', () => {
  test('without a previous one', () => {
    const blob = decodePasswordBlob(blobOf())
    expect(Buffer.from(blob.current).toString('latin1')).toBe('A'.repeat(256))
    expect(blob).toMatchObject({ previous: undefined, queryInterval: 10_800_000, unchangedInterval: 7_200_000 })
  })

  test('with a previous one', () => {
    const { previous } = decodePasswordBlob(blobOf({ previous: Buffer.alloc(256, 7) }))
    expect(Buffer.from(previous ?? []).equals(Buffer.alloc(256, 7))).toBe(true)
  })

  test('cut anywhere is refused, without any of the password in the error', () => {
    const whole = blobOf({ previous: Buffer.alloc(256, 0x42) })
    for (let length = 0; length < whole.length; length++) {
      const error = thrownBy(() => decodePasswordBlob(whole.subarray(0, length)))
      expect(error, `${length} octets`).toMatchObject({ name: 'MalformedTokenError' })
      expect(String(error)).not.toMatch(/AAAA|4141|BBBB|4242/)
    }
  })

  test.each([
    [0, 2, 'Version: expected 1, found 2'],
    [4, 0xff, 'Length: expected at most 290, found 511'],
    [9, 0xff, 'CurrentPassword: expected an offset of at most 290, found 65296'],
    [13, 0xff, 'QueryPasswordInterval: expected an offset of at most 290, found 65298'],
  ])('with octet %i = %i is refused', (at, value, message) => {
    const blob = blobOf()
    blob[at] = value
    expect(String(thrownBy(() => decodePasswordBlob(blob)))).toContain(message)
  })
})

describe('the keys of a managed password', () => {
  const entry = new DirectoryEntry('CN=web-gmsa,CN=Managed Service Accounts,DC=ad2,DC=test', [
    ['sAMAccountName', [Buffer.from('web-gmsa$')]],
    ['servicePrincipalName', [Buffer.from('HTTP/web.ad2.test')]],
    ['msDS-SupportedEncryptionTypes', [Buffer.from('28')]],
  ])
  const account = readAccount(entry, 0)

  test('are those of both versions, under each name, of the types that the account has', async () => {
    const blob = decodePasswordBlob(blobOf({ previous: Buffer.alloc(256, 7) }))
    const keys = await managedKeys(account, blob, 5, 17_000)
    expect(keys.map(({ principal, kvno, key }) => `${formatPrincipal(principal)} ${kvno} ${key.etype}`)).toEqual(
      [5, 4].flatMap((kvno) =>
        [18, 17, 23].flatMap((etype) =>
          ['web-gmsa$@AD2.TEST', 'HTTP/web.ad2.test@AD2.TEST'].map((name) => `${name} ${kvno} ${etype}`),
        ),
      ),
    )
  })

  test('have no previous version where there is none', async () => {
    const keys = await managedKeys(account, decodePasswordBlob(blobOf()), 5, 0)
    expect(new Set(keys.map(({ kvno }) => kvno))).toEqual(new Set([5]))
  })
})

function thrownBy(run: () => unknown): unknown {
  try {
    run()
  } catch (error) {
    return error
  }
  return 'nothing was thrown'
}
