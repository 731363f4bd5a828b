import { readAuthenticatorChecksum } from '@s4u/gssapi'
import {
  Authenticator,
  type CacheContents,
  decode,
  decodeCcache,
  encode,
  encodeCcache,
  EncKrbCredPart,
  EncTicketPart,
  Key,
  Keytab,
  KeyUsage,
  KrbCred,
  openTicket,
  parsePrincipal,
  sealEncryptedData,
} from '@s4u/krb5'
import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { messageCodec } from '../vectors/message-codecs.js'

const secret = Uint8Array.from({ length: 32 }, (_, index) => 0xc0 + index)
const key = new Key(18, secret)
const name = { nameType: 1, nameString: ['alice'] }
const checksum = { cksumtype: 16, checksum: new Uint8Array(12) }
const flags = new Uint8Array(4)

const encTicketPart: EncTicketPart = {
  flags,
  key,
  crealm: 'R',
  cname: name,
  transited: { trType: 1, contents: new Uint8Array() },
  authtime: 0,
  endtime: 0,
  authorizationData: [{ adType: 128, adData: new Uint8Array(9) }],
}
const encKdcRepPart = { key, lastReq: [], nonce: 1, flags, authtime: 0, endtime: 0, srealm: 'R', sname: name }

/** Every message that carries a key in the clear. */
const messages = {
  EncTicketPart: encTicketPart,
  Authenticator: { crealm: 'R', cname: name, cusec: 0, ctime: 0, subkey: key },
  EncAPRepPart: { ctime: 0, cusec: 0, subkey: key },
  EncASRepPart: encKdcRepPart,
  EncTGSRepPart: encKdcRepPart,
  EncKrbCredPart: { ticketInfo: [{ key, prealm: 'R' }] },
  'KERB-KEY-LIST-REP': [key],
  KrbFastResponse: {
    padata: [],
    strengthenKey: key,
    finished: { timestamp: 0, usec: 0, crealm: 'R', cname: name, ticketChecksum: checksum },
    nonce: 1,
  },
}

/** Any eight octets of the key, in the ways in which programs print octets. */
function expectNoSecret(shown: string): void {
  const forms = [secret, secret.subarray(0, 8), secret.subarray(8, 16), secret.subarray(20, 28)].flatMap((part) => {
    const buffer = Buffer.from(part)
    const numbers = [...part].join(',')
    return [
      buffer.toString('hex'),
      buffer.toString('hex').replace(/../g, '$& ').trim(),
      buffer.toString('latin1'),
      numbers,
    ]
  })
  const squeezed = [
    shown,
    shown.replaceAll(/\s+/g, ' '),
    shown.replaceAll(/[\s\n]/g, ''),
    shown.replaceAll(/"\d+":/g, ''),
  ]
  for (const text of squeezed) for (const form of forms) expect(text.toLowerCase()).not.toContain(form.toLowerCase())
  for (const at of [0, 1, 2])
    expect(shown).not.toContain(
      Buffer.from(secret.subarray(at, at + 24))
        .toString('base64')
        .slice(0, 28),
    )
}

/** What a log would show. */
function shownAsLogged(value: unknown): string {
  return [
    inspect(value, { depth: 20 }),
    inspect(value, { depth: 20, getters: true, compact: false }),
    JSON.stringify(value),
    String(value),
  ].join('\n')
}

test('the search finds what it looks for', () => {
  for (const shown of [
    shownAsLogged(secret),
    inspect(Buffer.from(secret)),
    JSON.stringify([...secret]),
    Buffer.from(secret).toString('base64'),
  ]) {
    expect(() => expectNoSecret(shown)).toThrow('to contain')
  }
})

describe.each(Object.entries(messages))('the key of %s', (type, value) => {
  const codec = messageCodec(type)
  const bytes = codec.encode(value)

  test('is in what is encoded', () => {
    expect(Buffer.from(bytes).includes(Buffer.from(secret))).toBe(true)
  })

  test('is not in what is printed', () => {
    const shown = shownAsLogged(codec.decode(bytes))
    expect(shown).toContain('Key(aes256-cts-hmac-sha1-96)')
    expectNoSecret(shown)
  })

  test('is in no error, whichever octet is wrong, and what is no error is not taken for what it was', () => {
    let refused = 0
    for (let at = 0; at < bytes.length; at++) {
      for (const change of [0x01, 0x80, 0xff]) {
        const damaged = Uint8Array.from(bytes)
        damaged[at] ^= change
        let decoded: unknown
        try {
          decoded = codec.decode(damaged)
        } catch (error) {
          refused++
          expectNoSecret(shownAsLogged(error))
          continue
        }
        expectNoSecret(shownAsLogged(decoded))
        // Of the bits at the end of a BIT STRING that do not count, nobody says what they are.
        if (Buffer.from(codec.encode(decoded)).equals(Buffer.from(bytes))) expect(bytes[at - 2]).toBe(BIT_STRING)
      }
    }
    expect(refused).toBeGreaterThan(bytes.length / 2)
  })
})

const BIT_STRING = 0x03

describe('the session key of a forwarded ticket, in a KRB-CRED that is not encrypted as Heimdal sends it,', () => {
  const cipher = messageCodec('EncKrbCredPart').encode(messages.EncKrbCredPart)
  const cred = messageCodec('KRB-CRED').encode({ tickets: [], encPart: { etype: 0, cipher } })
  const head = Uint8Array.of(16, ...new Uint8Array(19), 1, 0, 0, 0, 1, 0, cred.length & 0xff, cred.length >> 8)
  const cksum = { cksumtype: 0x8003, checksum: Uint8Array.of(...head, ...cred) }
  const authenticator = messageCodec('Authenticator').encode({ crealm: 'R', cname: name, cusec: 0, ctime: 0, cksum })

  test('is in what is encoded', () => {
    for (const bytes of [cred, authenticator]) expect(Buffer.from(bytes).includes(Buffer.from(secret))).toBe(true)
  })

  test('is not in what is printed of the KRB-CRED', () => {
    const decoded = decode(KrbCred, cred)
    expect(Buffer.from(decoded.encPart.cipher)).toEqual(Buffer.from(cipher))
    expectNoSecret(shownAsLogged(decoded))
    expectNoSecret(shownAsLogged(decoded.encPart.cipher.subarray(3)))
    expectNoSecret(shownAsLogged(decode(EncKrbCredPart, decoded.encPart.cipher)))
  })

  test('is not in what is printed of the authenticator that carries it', () => {
    const decoded = decode(Authenticator, authenticator)
    expect(Buffer.from(decoded.cksum?.checksum ?? [])).toEqual(Buffer.from(cksum.checksum))
    expectNoSecret(shownAsLogged(decoded))
    const { delegation } = readAuthenticatorChecksum(decoded)
    expect(Buffer.from(delegation ?? [])).toEqual(Buffer.from(cred))
    expectNoSecret(shownAsLogged(delegation))
  })

  test('is in no error, whichever octet is wrong', () => {
    expectErrorsWithoutSecret(
      cred,
      (damaged) => decode(KrbCred, damaged),
      (one) => encode(KrbCred, one),
    )
    expectErrorsWithoutSecret(authenticator, (damaged) => readAuthenticatorChecksum(decode(Authenticator, damaged)))
  })
})

describe('the keys of', () => {
  const client = parsePrincipal('alice@R')

  test('a keytab are not printed, nor in its errors', () => {
    const bytes = new Keytab([{ principal: client, kvno: 1, key, timestamp: 0 }]).encode()
    expectNoSecret(shownAsLogged(Keytab.decode(bytes)))
    // The version in eight bits does not count where the whole one stands behind the key.
    expectErrorsWithoutSecret(
      bytes,
      (damaged) => Keytab.decode(damaged),
      (keytab) => keytab.encode(),
      [26],
    )
  })

  test('a credential cache are not printed, nor in its errors', () => {
    const cache: CacheContents = {
      principal: client,
      kdcOffset: 0,
      settings: [],
      credentials: [
        {
          client,
          server: client,
          key,
          authtime: 0,
          starttime: 0,
          endtime: 0,
          renewTill: 0,
          isSkey: false,
          flags,
          addresses: [],
          authorizationData: [],
          ticket: { realm: 'R', sname: name, encPart: { etype: 18, cipher: new Uint8Array(4) } },
          secondTicket: new Uint8Array(),
        },
      ],
    }
    const bytes = encodeCcache(cache)
    expectNoSecret(shownAsLogged(decodeCcache(bytes)))
    // The tag of a header that nobody knows, and microseconds of the KDC's clock.
    expectErrorsWithoutSecret(bytes, (damaged) => decodeCcache(damaged), encodeCcache, [4, 5, 15])
  })

  test('an opened ticket are not printed, though its octets are at hand', () => {
    const service = Key.random(18)
    const plaintext = encode(EncTicketPart, encTicketPart)
    const ticket = { realm: 'R', sname: name, encPart: sealEncryptedData(plaintext, service, KeyUsage.TICKET) }
    const opened = openTicket(ticket, service)
    expect(Buffer.from(opened.bytes)).toEqual(Buffer.from(plaintext))
    expect(inspect(opened)).toContain(`<${plaintext.length} secret octets>`)
    expectNoSecret(shownAsLogged(opened))
    expectNoSecret(shownAsLogged({ ...opened }))
    expectNoSecret(shownAsLogged(opened.bytes))
  })
})

/**
 * @param encode what is no error must not be taken for what it was: encoded again, it is something
 * else
 */
function expectErrorsWithoutSecret<T>(
  bytes: Uint8Array,
  decode: (bytes: Uint8Array) => T,
  encode?: (decoded: T) => Uint8Array,
  ignored: readonly number[] = [],
): void {
  let refused = 0
  const alike: number[] = []
  for (let at = 0; at < bytes.length; at++) {
    const damaged = Uint8Array.from(bytes)
    damaged[at] ^= 0x81
    try {
      const decoded = decode(damaged)
      if (encode !== undefined && Buffer.from(encode(decoded)).equals(Buffer.from(bytes))) alike.push(at)
    } catch (error) {
      refused++
      expectNoSecret(shownAsLogged(error))
    }
  }
  expect(refused).toBeGreaterThan(3)
  expect(alike).toEqual(ignored)
}
