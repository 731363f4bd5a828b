import { readFileSync } from 'node:fs'
import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { KeyUsage } from '../../crypto/key-usage.js'
import { Key } from '../../crypto/key.js'
import { ConfigurationError } from '../../errors/errors.js'
import {
  type CredentialInfo,
  openCredentialInfo,
  sealCredentialInfo,
  SupplementalCredential,
} from './credential-info.js'
import { decodeNtlmCredential, encodeNtlmCredential, NtlmCredential } from './ntlm-credential.js'

interface CredentialVector {
  name: string
  data: string
  packages: { packageName: string; credentials: string }[]
  ntlm: { lmHash: string | null; ntHash: string | null }
}

const file = new URL('../../../../../test/vectors/pac/credentials.json', import.meta.url)
const { vectors }: { vectors: CredentialVector[] } = JSON.parse(readFileSync(file, 'utf8'))
const octets = (hex: string) => new Uint8Array(Buffer.from(hex, 'hex'))
const hex = (bytes: Uint8Array | undefined) => (bytes === undefined ? null : Buffer.from(bytes).toString('hex'))
const key = Key.random(18)
const sealed = (plaintext: Uint8Array): CredentialInfo => {
  return { version: 0, encryptionType: 18, serializedData: key.seal(KeyUsage.PAC_CREDENTIAL, plaintext) }
}
const at = (path: string) => expect.objectContaining({ name: 'MalformedTokenError', path })

/** A copy with one 32-bit number changed. */
function patched(bytes: Uint8Array, offset: number, value: number): Uint8Array {
  const copy = bytes.slice()
  new DataView(copy.buffer).setUint32(offset, value, true)
  return copy
}

describe.each(vectors)('PAC_CREDENTIAL_DATA with $name', ({ data, packages, ntlm }) => {
  test('is opened', () => {
    const opened = openCredentialInfo(sealed(octets(data)), key)
    expect(opened.map((one) => ({ packageName: one.packageName, credentials: hex(one.exposeSecretBytes()) }))).toEqual(
      packages,
    )
    const hashes = decodeNtlmCredential(opened[0])!
    expect({ lmHash: hex(hashes.exposeSecretLmHash()), ntHash: hex(hashes.exposeSecretNtHash()) }).toEqual(ntlm)
    expect(hex(encodeNtlmCredential(hashes).exposeSecretBytes())).toBe(packages[0].credentials)
  })

  test('is sealed octet for octet', () => {
    const credentials = packages.map((one) => new SupplementalCredential(one.packageName, octets(one.credentials)))
    const info = sealCredentialInfo(credentials, key)
    expect(info).toMatchObject({ version: 0, encryptionType: 18 })
    expect(hex(key.open(KeyUsage.PAC_CREDENTIAL, info.serializedData))).toBe(data)
  })
})

test('a package without credentials is sealed and opened', () => {
  const [opened] = openCredentialInfo(sealCredentialInfo([new SupplementalCredential('x', new Uint8Array())], key), key)
  expect(opened.exposeSecretBytes()).toEqual(new Uint8Array())
  expect(decodeNtlmCredential(opened)).toBeUndefined()
})

describe('what is refused:', () => {
  const data = octets(vectors[1].data)

  test.each<[string, string, Uint8Array]>([
    ['a count that is not that of the array', 'CredentialCount', patched(data, 24, 1)],
    ['credentials behind a null pointer', 'Credentials[0].Credentials', patched(data, 40, 0)],
    ['credentials of another length', 'Credentials[0].Credentials', patched(data, 36, 41)],
  ])('%s', (_what, field, bytes) => {
    expect(() => openCredentialInfo(sealed(data), key)).not.toThrow()
    expect(() => openCredentialInfo(sealed(bytes), key)).toThrow(at(`PAC_CREDENTIAL_DATA.${field}`))
  })

  test('more packages than there are octets, before any is made', () => {
    const claimed = patched(patched(data, 20, 0x1000_0000), 24, 0x1000_0000)
    expect(() => openCredentialInfo(sealed(claimed), key)).toThrow(/Credentials\[\d+\]: expected 268435456 elements/)
  })

  test.each<[string, string, Uint8Array]>([
    ['another version', 'NTLM_SUPPLEMENTAL_CREDENTIAL.Version', Uint8Array.of(1, ...new Uint8Array(39))],
    ['a short hash', 'NTLM_SUPPLEMENTAL_CREDENTIAL.NtPassword', new Uint8Array(39)],
    ['something behind the hashes', 'NTLM_SUPPLEMENTAL_CREDENTIAL', new Uint8Array(41)],
  ])('%s of NTLM', (_what, path, bytes) => {
    expect(() => decodeNtlmCredential(new SupplementalCredential('NTLM', bytes))).toThrow(at(path))
  })

  test('a hash of another length, of ours', () => {
    expect(() => new NtlmCredential({ ntHash: new Uint8Array(15) })).toThrow(ConfigurationError)
  })
})

describe('password hashes', () => {
  const hash = octets('8081828384858687'.repeat(2))

  test('are not printed', () => {
    for (const secret of [new NtlmCredential({ ntHash: hash }), new SupplementalCredential('NTLM', hash)]) {
      const shown = inspect(secret, { depth: 9, showHidden: true }) + JSON.stringify(secret)
      expect(shown).not.toMatch(/128,\s*129|8081|gIGC/)
    }
  })

  test('are gone when they have been wiped', () => {
    const ntlm = new NtlmCredential({ ntHash: hash })
    const supplemental = new SupplementalCredential('NTLM', hash)
    expect(ntlm.exposeSecretNtHash()).toEqual(hash)
    for (const secret of [ntlm, supplemental]) secret.wipe()
    expect(() => ntlm.exposeSecretNtHash()).toThrow(ConfigurationError)
    expect(() => supplemental.exposeSecretBytes()).toThrow(expect.objectContaining({ code: 'KRB5_KEY_WIPED' }))
  })

  test('do not stay behind in what was decrypted', () => {
    const plaintext = octets(vectors[0].data)
    const info = sealed(plaintext)
    const opening = Object.assign(Object.create(key), { etype: 18, open: () => plaintext })
    openCredentialInfo(info, opening)
    expect(plaintext).toEqual(new Uint8Array(plaintext.length))
  })
})
