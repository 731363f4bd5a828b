import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import {
  Authenticator,
  netlogonCredential,
  netlogonSessionKey,
  requireServerCredential,
} from '../../packages/ntlm/src/netlogon/netlogon-credentials.js'
import { NetlogonSeal } from '../../packages/ntlm/src/netlogon/netlogon-seal.js'
import { ntHashOf } from '../../packages/ntlm/src/response/ntlmv2-keys.js'

/** What Microsoft published of the secure channel with AES; the file names each source. */
interface Published {
  readonly sessionKey: Readonly<
    Record<'ntHash' | 'clientChallenge' | 'serverChallenge' | 'sessionKey' | 'clientCredential', string>
  >
  readonly ntHash: { readonly clear: string; readonly ntHash: string }
  readonly seal: Readonly<Record<'sessionKey' | 'confounder' | 'message' | 'sealed', string>> &
    Readonly<Record<'without' | 'with', Readonly<Record<'header' | 'trailer' | 'token', string>>>>
}

const file = new URL('netlogon-vectors.json', import.meta.url)
const { sessionKey: negotiated, ntHash: secret, seal }: Published = JSON.parse(readFileSync(file, 'utf8'))
const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'))
const hexOf = (octets: Uint8Array): string => Buffer.from(octets).toString('hex')

test('the session key and the credential of AES are those of the example', () => {
  const client = hex(negotiated.clientChallenge)
  const server = hex(negotiated.serverChallenge)
  const key = netlogonSessionKey(hex(negotiated.ntHash), client, server)
  expect(hexOf(key)).toBe(negotiated.sessionKey)
  expect(hexOf(netlogonCredential(key, client))).toBe(negotiated.clientCredential)
  // The other direction is the same function, and the credential of the client proves no server.
  expect(requireServerCredential(key, client, server, netlogonCredential(key, server))).toBeUndefined()
  expect(() => requireServerCredential(key, client, server, hex(negotiated.clientCredential))).toThrow(
    'its credential is wrong',
  )
})

test('the NT hash of a machine’s password is that of MS-NRPC section 4.2', async () => {
  const password = Buffer.from(secret.clear, 'hex').toString('utf16le')
  expect(hexOf(await ntHashOf(password))).toBe(secret.ntHash)
})

test('an authenticator adds the time to the credential, and its answer one more', () => {
  const key = hex(negotiated.sessionKey)
  const authenticator = new Authenticator(key, hex(negotiated.clientCredential))
  const proof = authenticator.next(0x6450_0000)
  const seed = hex(negotiated.clientCredential)
  const view = new DataView(seed.buffer)
  view.setUint32(0, view.getUint32(0, true) + 0x6450_0000, true)
  expect(hexOf(proof)).toBe(`${hexOf(netlogonCredential(key, seed))}00005064`)
  view.setUint32(0, view.getUint32(0, true) + 1, true)
  expect(authenticator.verify(netlogonCredential(key, seed))).toBeUndefined()
})

describe.each(['without', 'with'] as const)('MS-NRPC section 4.3, %s the headers of the PDU', (headers) => {
  const { header, trailer, token } = seal[headers]
  const sealing = (): NetlogonSeal =>
    new NetlogonSeal({
      sessionKey: hex(seal.sessionKey),
      ...{ domain: 'DOMAIN', computer: 'DC1' },
      random: () => hex(seal.confounder),
    })

  test('the message is sealed as in the example', () => {
    const made = sealing().seal({ header: hex(header), message: hex(seal.message), trailer: hex(trailer) })
    expect(hexOf(made.sealed)).toBe(seal.sealed)
    expect(hexOf(made.token)).toBe(token + '00'.repeat(24))
  })

  test('sent back to its sender it is refused: it is no answer', () => {
    const back = { header: hex(header), message: hex(seal.sealed), trailer: hex(trailer) }
    expect(() => sealing().open(back, hex(token + '00'.repeat(24)))).toThrow('comes out of turn')
  })
})
