import { createCipheriv } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { Cipher, SigningAlgorithm } from '../../packages/smb/src/wire/negotiate-message.js'
import { readTransform } from '../../packages/smb/src/wire/header.js'
import { addToHash, deriveKeys, NO_MESSAGES } from '../../packages/smb/src/protection/derive-keys.js'
import { createSealer } from '../../packages/smb/src/protection/encryption.js'
import { createSigner } from '../../packages/smb/src/protection/signing.js'
import { concat } from '../../packages/smb/src/wire/octets.js'

/** What Microsoft published of real exchanges; the file names each source. */
interface Published {
  readonly kdf30: readonly KeyExample[]
  readonly kdf311: readonly (KeyExample & { readonly hash: string })[]
  readonly preauthChain: { readonly steps: readonly (readonly [string, string, string])[] }
  readonly signedFinalResponse: readonly {
    readonly algorithm: string
    readonly key: string
    readonly message: string
  }[]
  readonly transform: readonly TransformExample[]
}

interface KeyExample {
  readonly from: string
  readonly sessionKey: string
  readonly signing?: string
  readonly c2s?: string
  readonly s2c?: string
}

interface TransformExample {
  readonly from: string
  readonly cipher: Cipher
  readonly key: string
  readonly plain: string
  readonly message: string
}

const file = new URL('smb-vectors.json', import.meta.url)
const published: Published = JSON.parse(readFileSync(file, 'utf8'))
const octets = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'))
const hexOf = (value: Uint8Array | undefined): string =>
  Buffer.from(value ?? [])
    .toString('hex')
    .toUpperCase()

describe('keys', () => {
  test.each(published.kdf30)(
    'of 3.0 are those that Microsoft published ($from)',
    ({ sessionKey, signing, c2s, s2c }) => {
      const inputs = {
        cipher: 'aes-128-ccm',
        contextKey: octets(sessionKey),
        preauthenticationHash: NO_MESSAGES,
      } as const
      for (const dialect of ['3.0', '3.0.2'] as const) {
        const keys = deriveKeys({ ...inputs, dialect })
        if (signing !== undefined) expect(hexOf(keys.signing)).toBe(signing)
        if (c2s !== undefined) expect(hexOf(keys.clientToServer)).toBe(c2s)
        if (s2c !== undefined) expect(hexOf(keys.serverToClient)).toBe(s2c)
      }
    },
  )

  test.each(published.kdf311)('of 3.1.1 are those that Microsoft published ($from)', (example) => {
    const contextKey = octets(example.sessionKey)
    const preauthenticationHash = octets(example.hash)
    const keys = deriveKeys({ dialect: '3.1.1', cipher: 'aes-128-gcm', contextKey, preauthenticationHash })
    expect(hexOf(keys.signing)).toBe(example.signing)
    expect(hexOf(keys.clientToServer)).toBe(example.c2s)
    expect(hexOf(keys.serverToClient)).toBe(example.s2c)
  })

  test('of a longer context key: 16 octets sign, and all of them encrypt with 256 bits', () => {
    const long = Uint8Array.from({ length: 32 }, (_, i) => i)
    const inputs = { dialect: '3.1.1', preauthenticationHash: NO_MESSAGES } as const
    const keys = deriveKeys({ ...inputs, cipher: 'aes-256-gcm', contextKey: long })
    const short = deriveKeys({ ...inputs, cipher: 'aes-256-gcm', contextKey: long.subarray(0, 16) })
    const small = deriveKeys({ ...inputs, cipher: 'aes-128-gcm', contextKey: long })
    expect([keys.clientToServer?.length, keys.serverToClient?.length, small.clientToServer?.length]).toEqual([
      32, 32, 16,
    ])
    expect(keys.signing).toEqual(short.signing)
    expect(keys.signing).toEqual(small.signing)
    expect(keys.clientToServer).not.toEqual(short.clientToServer)
    expect(keys.clientToServer).not.toEqual(keys.serverToClient)
  })

  test('of 2.1 are the context key itself, made 16 octets long', () => {
    const inputs = { dialect: '2.1', cipher: undefined, preauthenticationHash: NO_MESSAGES } as const
    const keys = deriveKeys({ ...inputs, contextKey: octets('0102030405060708') })
    expect(hexOf(keys.signing)).toBe('01020304050607080000000000000000')
    expect(keys.clientToServer).toBeUndefined()
  })
})

test('the hash over a negotiation and a sign-in is the one that Microsoft published', () => {
  let hash: Uint8Array = NO_MESSAGES
  for (const [, message, expected] of published.preauthChain.steps) {
    hash = addToHash(hash, octets(message))
    expect(hexOf(hash)).toBe(expected)
  }
})

describe('a signature', () => {
  test.each(published.signedFinalResponse)('by $algorithm is the one that Microsoft published', (example) => {
    const algorithm = example.algorithm.toLowerCase() as SigningAlgorithm
    const signer = createSigner(algorithm, octets(example.key))
    const message = octets(example.message)
    expect(signer.verify(message)).toBe(true)
    expect(hexOf(message)).toBe(example.message)
    for (const at of [0, 20, 48, message.length - 1]) {
      const changed = octets(example.message)
      changed[at] ^= 1
      expect(signer.verify(changed)).toBe(false)
    }
  })

  test('by GMAC is a tag over the whole message, with the message id in the nonce', () => {
    const key = octets('0102030405060708090A0B0C0D0E0F10')
    const message = octets(published.signedFinalResponse[0].message)
    createSigner('aes-128-gmac', key).sign(message)
    const covered = message.slice()
    covered.fill(0, 48, 64)
    const nonce = octets(`${hexOf(message.subarray(24, 32))}01000000`)
    const cipher = createCipheriv('aes-128-gcm', key, nonce)
    cipher.setAAD(covered)
    cipher.final()
    expect(hexOf(message.subarray(48, 64))).toBe(hexOf(cipher.getAuthTag()))
  })

  test('that is missing is none, whatever the octets in its place', () => {
    const message = octets(published.signedFinalResponse[0].message)
    message[16] &= ~8
    const signer = createSigner('hmac-sha256', octets(published.signedFinalResponse[0].key))
    expect(signer.verify(message)).toBe(false)
  })
})

describe('an encrypted message', () => {
  test.each(published.transform)(
    'of $cipher opens as Microsoft published it ($from)',
    ({ cipher, key, plain, message }) => {
      const sealer = createSealer(cipher, { clientToServer: octets(key), serverToClient: octets(key) })
      expect(hexOf(sealer.open(octets(message)))).toBe(plain)
      for (const at of [4, 20, 44, 52, octets(message).length - 1]) {
        const changed = octets(message)
        changed[at] ^= 1
        const refused = expect.objectContaining({ code: 'STATUS_DECRYPTION_FAILED' })
        expect(() => sealer.open(changed)).toThrow(refused)
      }
    },
  )

  test.each(['aes-128-ccm', 'aes-128-gcm', 'aes-256-ccm', 'aes-256-gcm'] as const)(
    'of %s opens with the same key, and has another nonce each time',
    (cipher) => {
      const key = new Uint8Array(cipher.startsWith('aes-256') ? 32 : 16).fill(7)
      const sealer = createSealer(cipher, { clientToServer: key, serverToClient: key })
      const plain = octets(published.transform[0].plain)
      const sent = Array.from({ length: 300 }, () => concat(...sealer.seal(plain, 0x1234n)))
      const nonces = new Set(sent.map((frame) => hexOf(readTransform(frame).nonce)))
      expect(nonces.size).toBe(300)
      expect(hexOf(sealer.open(sent[299]))).toBe(hexOf(plain))
      expect(readTransform(sent[0]).sessionId).toBe(0x1234n)
    },
  )
})
