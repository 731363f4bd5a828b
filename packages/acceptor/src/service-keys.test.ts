import { ConfigurationError, Key, Keytab, MissingKeyError } from '@s4u/krb5'
import type { Ticket } from '@s4u/krb5'
import { describe, expect, test } from 'vitest'
import { entryOf, issue, keyOf, SPN } from './fixtures/issued-token.js'
import { ServiceKeys } from './service-keys.js'

const everyHttp = { services: undefined, aliases: [], allowWeakEncryption: false }
const keysOf = (keytab: Keytab, services?: readonly string[]) =>
  new ServiceKeys(keytab, { ...everyHttp, services }, 'web.keytab')
const ticketFor = (service: string, kvno?: number): Ticket => {
  const { ticket } = issue({ service })
  return { ...ticket, encPart: { ...ticket.encPart, kvno } }
}

describe('the services of a keytab', () => {
  const keytab = new Keytab([
    entryOf('svc-web', 1, keyOf(1)),
    entryOf('HTTP/web.ad.test', 1, keyOf(2)),
    entryOf('http/Other.AD.test', 1, keyOf(3)),
    entryOf('HTTP/web.ad.test', 1, keyOf(4), 'OTHER.TEST'),
    entryOf('host/web.ad.test', 1, keyOf(5)),
  ])

  test('are every HTTP/… by default', () => {
    const expected = ['HTTP/web.ad.test@AD.TEST', 'http/Other.AD.test@AD.TEST', 'HTTP/web.ad.test@OTHER.TEST']
    expect(keysOf(keytab).principals).toEqual(expected)
  })

  test.each([
    ['HTTP/WEB.ad.test', ['HTTP/web.ad.test@AD.TEST', 'HTTP/web.ad.test@OTHER.TEST']],
    ['HTTP/web.ad.test@other.test', ['HTTP/web.ad.test@OTHER.TEST']],
    ['svc-web', ['svc-web@AD.TEST']],
    ['host/web.ad.test', ['host/web.ad.test@AD.TEST']],
  ])('are those of %s when that is configured', (service, expected) => {
    expect(keysOf(keytab, [service]).principals).toEqual(expected)
  })

  test('must have a key each, or the error names file, service and what there is', () => {
    const error = (services?: readonly string[], entries = keytab.entries): Error => {
      try {
        keysOf(new Keytab(entries), services)
      } catch (thrown) {
        if (thrown instanceof Error) return thrown
      }
      throw new Error('nothing was thrown')
    }
    expect(error(['HTTP/web.ad.test', 'HTTP/api.ad.test'])).toBeInstanceOf(MissingKeyError)
    expect(error(['HTTP/api.ad.test']).message).toMatch(
      /^web\.keytab has no key for HTTP\/api\.ad\.test, it has: svc-web@AD\.TEST, /,
    )
    expect(error(undefined, []).message).toBe('web.keytab has no key for HTTP/…, it has: nothing')
    const weak = [entryOf(SPN, 1, keyOf(1, 23)), entryOf(SPN, 1, new Key(3, new Uint8Array(8)))]
    expect(error(undefined, weak).message).toBe(
      'web.keytab has keys for HTTP/… of no type that may be used, only rc4-hmac, des-cbc-md5',
    )
    expect(error([''])).toBeInstanceOf(ConfigurationError)
  })
})

describe('the keys to try', () => {
  const keytab = new Keytab([
    entryOf(SPN, 1, keyOf(1)),
    entryOf(SPN, 3, keyOf(3)),
    entryOf(SPN, 2, keyOf(2)),
    entryOf(SPN, 3, keyOf(3, 17)),
    entryOf('HTTP/other.ad.test', 2, keyOf(12)),
    entryOf('HTTP/alias.ad.test', 3, keyOf(3)),
  ])
  const tries = (ticket: Ticket) =>
    keysOf(keytab)
      .candidatesFor(ticket)
      .map(({ label, kvno }) => `${label.slice(5, 8)}${kvno}`)

  test('begin with the exact version of the service on the ticket, then newest first', () => {
    expect(tries(ticketFor(SPN, 2))).toEqual(['web2', 'web3', 'web1', 'oth2'])
    expect(tries(ticketFor(SPN))).toEqual(['web3', 'web2', 'web1', 'oth2'])
  })

  test('are all keys of the type whatever version the ticket names', () => {
    expect(tries(ticketFor(SPN, 77))).toEqual(['web3', 'web2', 'web1', 'oth2'])
    expect(tries(ticketFor('HTTP/unknown.ad.test', 2))).toEqual(['web2', 'oth2', 'web3', 'web1'])
  })

  test('compare the lower half of the version, since read-only domain controllers use the upper', () => {
    expect(tries(ticketFor(SPN, 0x50001))[0]).toBe('web1')
  })

  test('are at most a hundred in a farm, with those of the service on the ticket among them', () => {
    const farm = Array.from({ length: 300 }, (_, i) => entryOf(`HTTP/h${i}.ad.test`, 1, Key.random(18)))
    const candidates = keysOf(new Keytab(farm)).candidatesFor(ticketFor('HTTP/H299.ad.test', 1))
    expect(candidates).toHaveLength(100)
    expect(candidates[0].label).toBe('HTTP/h299.ad.test@AD.TEST')
  })
})

test('a keytab that is read again keeps the key objects that it had', () => {
  const before = keysOf(new Keytab([entryOf(SPN, 1, keyOf(1))]))
  const after = new ServiceKeys(
    new Keytab([entryOf(SPN, 2, keyOf(2)), entryOf(SPN, 1, keyOf(1))]),
    everyHttp,
    'web.keytab',
    before,
  )
  expect(after.has(before.all[0].key)).toBe(true)
  const changed = new ServiceKeys(new Keytab([entryOf(SPN, 1, keyOf(5))]), everyHttp, 'web.keytab', before)
  expect(changed.has(before.all[0].key)).toBe(false)
})
