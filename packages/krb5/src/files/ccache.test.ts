import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { encode } from '../asn1/codec.js'
import { kerberosFlags } from '../asn1/primitives.js'
import {
  addToCcache,
  type CacheContents,
  type CachedCredential,
  decodeCcache,
  encodeCacheEntry,
  encodeCcache,
} from './ccache.js'
import { Key } from '../crypto/key.js'
import { ConfigurationError } from '../errors/errors.js'
import { Ticket, TicketFlag } from '../messages/ticket.js'
import { parsePrincipal } from '../names/principal.js'

const hex = (...parts: readonly string[]): Uint8Array =>
  Uint8Array.from(Buffer.from(parts.join('').replaceAll(' ', ''), 'hex'))
const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

const ticket: Ticket = {
  realm: 'R',
  sname: { nameType: 2, nameString: ['s'] },
  encPart: { etype: 17, kvno: undefined, cipher: Uint8Array.of(1, 2, 3) },
}

const credential: CachedCredential = {
  client: parsePrincipal('alice@R'),
  server: parsePrincipal('HTTP/web.ad.test@R'),
  key: new Key(17, new Uint8Array(16).fill(0xab)),
  authtime: 1_000,
  starttime: 2_000,
  endtime: 0xffff_ffff * 1000,
  renewTill: 0,
  isSkey: false,
  flags: kerberosFlags(TicketFlag.FORWARDABLE, TicketFlag.ENC_PA_REP, 31),
  addresses: [{ addrType: 2, address: Uint8Array.of(127, 0, 0, 1) }],
  authorizationData: [{ adType: 1, adData: Uint8Array.of(0x30, 0) }],
  ticket,
  secondTicket: Uint8Array.of(7),
}

const cache: CacheContents = {
  principal: parsePrincipal('alice@R'),
  credentials: [credential, { ...credential, isSkey: true, addresses: [], authorizationData: [] }],
  settings: [
    { name: 'fast_avail', principal: 'krbtgt/R@R', value: new TextEncoder().encode('yes') },
    { name: 'proxy_impersonator', principal: undefined, value: new TextEncoder().encode('web@R') },
  ],
  kdcOffset: -1_250,
}

const TICKET = toHex(encode(Ticket, ticket))
const TICKET_LENGTH = (TICKET.length / 2).toString(16).padStart(2, '0')
const KEY = 'ab'.repeat(16)

describe('a credential cache', () => {
  test('reads what it has written', () => {
    const read = decodeCcache(encodeCcache(cache))
    expect(read).toEqual({ ...cache, leftOut: [] })
    expect(read.credentials[0].key.equals(credential.key)).toBe(true)
  })

  test.each([0, 1, -1, 999, 1_000, 86_400_000, -86_400_001])(
    'keeps an offset of %i ms to the clock of the KDC',
    (kdcOffset) => {
      expect(decodeCcache(encodeCcache({ ...cache, kdcOffset })).kdcOffset).toBe(kdcOffset)
    },
  )

  test('may have an empty header, and header fields that nobody knows', () => {
    const principal = '00000001 00000001 00000001 52 00000001 61'
    expect(decodeCcache(hex('0504 0000', principal))).toMatchObject({ credentials: [], kdcOffset: 0 })
    expect(decodeCcache(hex('0504 0006 0009 0002 ffff', principal)).principal).toEqual(parsePrincipal('a@R'))
    expect(decodeCcache(hex('0504 0006 0001 0002 ffff', principal)).kdcOffset).toBe(0)
  })

  test('of version 3 has the encryption type twice', () => {
    const name = '00000001 00000001 00000001 52 00000001 61'
    const times = '00000001 00000002 00000003 00000004'
    const rest = `00 40000000 00000000 00000000 000000${TICKET_LENGTH} ${TICKET} 00000000`
    const [read] = decodeCcache(hex('0503', name, name, name, `0011 0011 00000010 ${KEY}`, times, rest)).credentials
    expect(read).toMatchObject({ authtime: 1_000, starttime: 2_000, endtime: 3_000, renewTill: 4_000, ticket })
    expect(read.flags).toEqual(kerberosFlags(TicketFlag.FORWARDABLE))
  })

  test.each([
    ['2', '0502', '01000000 01000000 01000000 52 01000000 61', 1],
    ['1', '0501', '02000000 01000000 52 01000000 61', 0],
  ])('of version %s has the byte order of a PC', (_version, start, name, nameType) => {
    const times = '01000000 02000000 03000000 04000000'
    const rest = `00 00000040 00000000 00000000 ${TICKET_LENGTH}000000 ${TICKET} 00000000`
    const read = decodeCcache(hex(start, name, name, name, `1100 10000000 ${KEY}`, times, rest))
    expect(read.principal).toEqual({ name: { nameType, nameString: ['a'] }, realm: 'R' })
    expect(read.credentials[0]).toMatchObject({ authtime: 1_000, renewTill: 4_000, ticket })
    expect(read.credentials[0].flags).toEqual(kerberosFlags(TicketFlag.FORWARDABLE))
  })

  test('passes over tickets and settings that have been removed', () => {
    const removed = { ...credential, endtime: 0, authtime: 0xffff_ffff * 1000 }
    const bytes = encodeCcache({ ...cache, credentials: [removed, credential], settings: cache.settings.slice(0, 1) })
    const at = Buffer.from(bytes).indexOf('X-CACHECONF:')
    bytes.set(new TextEncoder().encode('X-RMED-CONF:'), at)
    expect(decodeCcache(bytes)).toMatchObject({ credentials: [credential], settings: [] })
  })

  test('shows no session key when it is printed', () => {
    const shown = inspect(decodeCcache(encodeCcache(cache)), { depth: 9, showHidden: true }) + JSON.stringify(cache)
    expect(shown).toContain('Key(aes128-cts-hmac-sha1-96)')
    expect(shown).not.toMatch(/abab|171,\s*171|q6ur/i)
  })
})

describe('one entry that cannot be read', () => {
  const others = { ...cache, credentials: [credential, { ...credential, server: parsePrincipal('HTTP/last@R') }] }
  /** Returns the cache with an additional entry in the middle. */
  const withEntry = (entry: Uint8Array): Uint8Array => {
    const [first, last] = others.credentials.map((one) => encodeCacheEntry(one, cache.principal))
    return hex(toHex(encodeCcache({ ...cache, settings: [], credentials: [] })), ...[first, entry, last].map(toHex))
  }
  const odd = encodeCacheEntry({ ...credential, server: parsePrincipal('HTTP/odd@R') }, cache.principal)
  const replaced = (from: string, to: string): Uint8Array => hex(toHex(odd).replace(from, to))

  test.each([
    [
      'whose ticket is no ticket',
      replaced(TICKET, 'ff'.repeat(TICKET.length / 2)),
      'HTTP/odd@R',
      /^expected \[APPLICATION 1\]/,
    ],
    [
      'with a key of another length',
      replaced(`0011 0000 0010 ${KEY}`.replaceAll(' ', ''), '001100000004abababab'),
      'HTTP/odd@R',
      /found 4 octets$/,
    ],
    [
      'of a service in Latin-1',
      replaced(toHex(new TextEncoder().encode('odd')), '6ff664'),
      'HTTP/oöd@R',
      /^server\.component\[1\]: expected UTF-8/,
    ],
    [
      'that gssproxy has sealed',
      encodeCacheEntry(
        { ...credential, server: parsePrincipal('Encrypted/Credentials/v1@X-GSSPROXY:') },
        cache.principal,
      ),
      'Encrypted/Credentials/v1@X-GSSPROXY:',
      /^ticket: expected a ticket, found credentials that gssproxy alone can open$/,
    ],
  ])('%s is left out and told, and the others are read', (_what, entry, name, why) => {
    const read = decodeCcache(withEntry(entry))
    expect(read.credentials).toEqual(others.credentials)
    expect(read.leftOut).toEqual([{ record: 'credentials[1]', name, why: expect.stringMatching(why) }])
  })

  test('that breaks off is the last one of which anything can be said', () => {
    const bytes = encodeCcache(others)
    const read = decodeCcache(bytes.subarray(0, bytes.length - 1))
    expect(read.credentials).toEqual([credential])
    expect(read.leftOut).toEqual([
      { record: 'credentials[3]', name: undefined, why: 'second-ticket: expected 1 octets, found 0 octets' },
    ])
  })

  test('stays where it is when a ticket is added, and an older ticket for the same service goes', () => {
    const newer = { ...credential, authtime: 5_000 }
    const added = decodeCcache(addToCcache(withEntry(replaced(TICKET, 'ff'.repeat(TICKET.length / 2))), newer))
    expect(added.leftOut).toHaveLength(1)
    expect(added.credentials).toEqual([others.credentials[1], newer])
  })
})

describe('a ticket that is added', () => {
  const other = { ...credential, server: parsePrincipal('HTTP/other@R') }

  test('leaves settings, the clock and the tickets of others as they are', () => {
    const impersonated = { ...credential, client: parsePrincipal('bob@R') }
    const before = { ...cache, credentials: [credential, impersonated] }
    expect(decodeCcache(addToCcache(encodeCcache(before), other))).toEqual({
      ...before,
      credentials: [credential, impersonated, other],
      leftOut: [],
    })
  })

  test('comes behind the last whole entry of a cache that was cut short', () => {
    const bytes = encodeCcache({ ...cache, credentials: [credential, credential] })
    const added = decodeCcache(addToCcache(bytes.subarray(0, bytes.length - 1), other))
    expect([added.credentials, added.leftOut]).toEqual([[credential, other], []])
  })

  test('makes version 4 of an older cache', () => {
    const name = '01000000 01000000 01000000 52 01000000 61'
    const bytes = addToCcache(hex('0502', name), other)
    expect(bytes[1]).toBe(4)
    expect(decodeCcache(bytes).credentials).toEqual([other])
  })
})

describe('types of addresses and of authorization data', () => {
  test('keep their sign', () => {
    const authorizationData = [-1, -17, 0x7fff, -0x8000].map((adType) => ({ adType, adData: Uint8Array.of(1) }))
    const addresses = [{ addrType: -3, address: Uint8Array.of(2) }]
    const [read] = decodeCcache(
      encodeCcache({ ...cache, credentials: [{ ...credential, authorizationData, addresses }] }),
    ).credentials
    expect(read.authorizationData).toEqual(authorizationData)
    expect(read.addresses).toEqual(addresses)
  })

  test.each([0x8000, -0x8001])(
    'that the file has no room for (%i) are refused, and not made another type',
    (adType) => {
      const authorizationData = [{ adType, adData: new Uint8Array(0) }]
      expect(() => encodeCcache({ ...cache, credentials: [{ ...credential, authorizationData }] })).toThrow(
        `cannot encode: expected a type of 16 bits, found ${adType}`,
      )
    },
  )
})

describe('what is no credential cache', () => {
  test.each([
    ['an empty file', '', 'KRB5_CCACHE_BADVNO'],
    ['another version', '0505', 'KRB5_CCACHE_BADVNO'],
    ['version 0', '0500', 'KRB5_CCACHE_BADVNO'],
    ['a keytab', '0402', 'KRB5_CCACHE_BADVNO'],
    ['nothing behind the version', '0504', 'KRB5_CC_FORMAT'],
    ['a header longer than the file', '0504 ffff', 'KRB5_CC_FORMAT'],
    ['a header field longer than the header', '0504 0004 0001 0008', 'KRB5_CC_FORMAT'],
    ['more components than octets', '0504 0000 00000001 ffffffff', 'KRB5_CC_FORMAT'],
    ['a version 1 name without a realm', '0501 00000000', 'KRB5_CC_FORMAT'],
    ['a name that is not UTF-8', '0504 0000 00000001 00000000 00000001 ff', 'KRB5_CC_FORMAT'],
  ])('is refused: %s', (_what, bytes, code) => {
    let error: unknown
    try {
      decodeCcache(hex(bytes), '/tmp/krb5cc_0')
    } catch (thrown) {
      error = thrown
    }
    expect(error).toBeInstanceOf(ConfigurationError)
    expect(error).toMatchObject({ code, hint: expect.any(String), message: expect.stringContaining('/tmp/krb5cc_0') })
  })
})
