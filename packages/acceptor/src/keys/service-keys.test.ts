import { ConfigurationError, Key, Keytab, Krb5Conf, MissingKeyError } from '@s4u/krb5'
import type { KeytabEntry, Ticket } from '@s4u/krb5'
import { describe, expect, test } from 'vitest'
import { etypePermissionOf } from '../options/krb5-conf-settings.js'
import { entryOf, issue, keyOf, SPN } from '../fixtures/issued-token.js'
import { ServiceKeys } from './service-keys.js'

const none = Krb5Conf.merge([])
const everyHttp = { services: undefined, aliases: [], permits: etypePermissionOf({}, none), ignoresHost: false }
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
    ['HTTP@web.ad.test', ['HTTP/web.ad.test@AD.TEST', 'HTTP/web.ad.test@OTHER.TEST']],
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
    expect(error(['HTTP/web.ad.test', 'HTTP/api.ad.test']).message).toMatch(
      /^web\.keytab has no key for HTTP\/api\.ad\.test, /,
    )
    expect(error(['HTTP/api.ad.test']).message).toMatch(
      /^web\.keytab has no key for HTTP\/api\.ad\.test, it has: svc-web@AD\.TEST, /,
    )
    expect(error(undefined, []).message).toBe('web.keytab has no key for HTTP/…, it has: nothing')
    const weak = [entryOf(SPN, 1, keyOf(1, 23)), entryOf(SPN, 1, new Key(3, new Uint8Array(8)))]
    expect(error(undefined, weak).message).toBe(
      'web.keytab has keys for HTTP/… of no type that may be used, only rc4-hmac, des-cbc-md5',
    )
    expect(error([''])).toBeInstanceOf(ConfigurationError)
    expect(error(['']).message).toMatch(/^service /)
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

describe('a keytab without a key that may be used', () => {
  const refusal = (message: string, hint: string) =>
    expect.objectContaining({ name: 'MissingKeyError', code: 'KRB_AP_ERR_NOKEY', message, hint })
  const ADD = "Add the service's key to the keytab, or name the principal that it has in the option service."

  test('is told with the first ten names that it has', () => {
    const many = Array.from({ length: 12 }, (_, at) => entryOf(`host/h${at}.ad.test`, 1, keyOf(at + 1)))
    const ten = many.slice(0, 10).map((_, at) => `host/h${at}.ad.test@AD.TEST`)
    expect(() => keysOf(new Keytab(many))).toThrow(
      refusal(`web.keytab has no key for HTTP/…, it has: ${ten.join(', ')}`, ADD),
    )
  })

  test('is told with the service, with its realm where it was named', () => {
    const keytab = new Keytab([entryOf(SPN, 1, keyOf(1))])
    expect(() => keysOf(keytab, ['HTTP/web.ad.test@WEST.TEST'])).toThrow(
      refusal('web.keytab has no key for HTTP/web.ad.test@WEST.TEST, it has: HTTP/web.ad.test@AD.TEST', ADD),
    )
    expect(() => keysOf(keytab, ['HTTP/api'])).toThrow(
      refusal('web.keytab has no key for HTTP/api, it has: HTTP/web.ad.test@AD.TEST', ADD),
    )
  })

  test.each([
    ['web.ad.test', "A service is written with its class: service: 'HTTP/web.ad.test'."],
    ['web.ad.test@AD.TEST', "A service is written with its class: service: 'HTTP/web.ad.test'."],
    ['svc-api', ADD],
    ['svc-api@AD.TEST', ADD],
  ])('is told with what to write instead of %s', (service, hint) => {
    const keytab = new Keytab([entryOf(SPN, 1, keyOf(1))])
    const message = `web.keytab has no key for ${service}, it has: HTTP/web.ad.test@AD.TEST`
    expect(() => keysOf(keytab, [service])).toThrow(refusal(message, hint))
  })

  test('of a good type is told with the types, each once', () => {
    const weak = [1, 2, 3].map((kvno) => entryOf(SPN, kvno, keyOf(kvno, 23)))
    const hint = 'Give the account AES keys and export the keytab again, or set allowWeakEncryption for rc4-hmac.'
    expect(() => keysOf(new Keytab([...weak, entryOf('host/web', 1, keyOf(1))]))).toThrow(
      refusal('web.keytab has keys for HTTP/… of no type that may be used, only rc4-hmac', hint),
    )
    const allowed = new ServiceKeys(
      new Keytab(weak),
      { ...everyHttp, permits: etypePermissionOf({ allowWeakEncryption: true }, none) },
      'web.keytab',
    )
    expect(allowed.all.map(({ kvno }) => kvno)).toEqual([3, 2, 1])
  })

  test('for one of two services is told, and an HTTP without a host is none', () => {
    const keytab = new Keytab([entryOf(SPN, 1, keyOf(1)), entryOf('HTTP/api', 1, keyOf(2, 23))])
    expect(() => keysOf(keytab, [SPN, 'HTTP/api'])).toThrow('keys for HTTP/api of no type')
    expect(() => keysOf(new Keytab([entryOf('HTTP', 1, keyOf(1))]))).toThrow('it has: HTTP@AD.TEST')
  })
})

describe('the keys of a keytab', () => {
  const keys = keysOf(
    new Keytab([
      entryOf(SPN, 1, keyOf(1)),
      entryOf(SPN, 4, keyOf(4)),
      entryOf(SPN, 2, keyOf(2)),
      entryOf('HTTP/other.ad.test', 3, keyOf(3), 'ad.test'),
      entryOf('HTTP/other.ad.test', 3, keyOf(6), 'WEST.TEST'),
    ]),
  )

  test('are the newest first, each with the newest version of its principal', () => {
    const list = keys.all.map(({ label, kvno, newestKvno }) => `${label} ${kvno} ${newestKvno}`)
    expect(list).toEqual([
      'HTTP/web.ad.test@AD.TEST 4 4',
      'HTTP/other.ad.test@ad.test 3 3',
      'HTTP/other.ad.test@WEST.TEST 3 3',
      'HTTP/web.ad.test@AD.TEST 2 4',
      'HTTP/web.ad.test@AD.TEST 1 4',
    ])
    expect(keys.all.every((key) => Object.isFrozen(key))).toBe(true)
  })

  test('are of principals and realms, each once, a realm in any letter case', () => {
    expect(keys.principals).toEqual([
      'HTTP/web.ad.test@AD.TEST',
      'HTTP/other.ad.test@ad.test',
      'HTTP/other.ad.test@WEST.TEST',
    ])
    expect(keys.realms).toEqual(['AD.TEST', 'WEST.TEST'])
    expect([Object.isFrozen(keys.principals), Object.isFrozen(keys.realms)]).toEqual([true, true])
  })

  test('are of versions, of which the lower half counts', () => {
    const { encPart } = issue().ticket
    const has = (kvno: number | undefined) => keys.hasVersion({ ...encPart, kvno })
    expect([1, 2, 4, 0x10004, undefined].map(has)).toEqual([true, true, true, true, true])
    expect([5, 0, 0x40000].map(has)).toEqual([false, false, false])
  })

  test('serve the name of the key that opened a ticket, and what else is served', () => {
    const { encPart } = issue().ticket
    const named = (realm: string, ...nameString: readonly string[]): Ticket => ({
      realm,
      sname: { nameType: 2, nameString },
      encPart,
    })
    const account = keysOf(new Keytab([entryOf('svc-web/a/b', 1, keyOf(1))]), ['svc-web/a/b'])
    expect(account.serves(named('AD.TEST', 'svc-web', 'a', 'b'), account.all[0])).toBe(true)
    expect(account.serves(named('AD.TEST', 'svc-web', 'a', 'c'), account.all[0])).toBe(false)
    expect(account.serves(named('WEST.TEST', 'svc-web', 'a', 'b'), account.all[0])).toBe(false)
    expect(keys.serves(named('AD.TEST', 'HTTP', 'web'))).toBe(true)
    expect(keys.serves(named('AD.TEST', 'HTTP', 'web'), keys.all[0])).toBe(true)
    expect(keys.serves(named('EAST.TEST', 'HTTP', 'web.ad.test'), keys.all[0])).toBe(false)
  })

  test('of another type than the ticket are not tried, nor is one twice', () => {
    const two = keysOf(new Keytab([entryOf(SPN, 1, keyOf(1)), entryOf(SPN, 1, keyOf(1, 17))]))
    const { encPart } = issue().ticket
    const tried = (etype: number) =>
      two.candidatesFor({ ...issue().ticket, encPart: { ...encPart, etype } }).map(({ key }) => key.etype)
    expect([tried(18), tried(17), tried(20)]).toEqual([[18], [17], []])
    const shared = ['HTTP/a', 'HTTP/b', SPN].map((one) => entryOf(one, 1, keyOf(1)))
    expect(
      keysOf(new Keytab(shared))
        .candidatesFor(ticketFor(SPN))
        .map(({ label }) => label),
    ).toEqual(['HTTP/web.ad.test@AD.TEST'])
  })
})

describe('a keytab that is read again', () => {
  const before = keysOf(new Keytab([entryOf(SPN, 1, keyOf(1)), entryOf(SPN, 1, keyOf(2, 17))]))
  const again = (...entries: readonly KeytabEntry[]) =>
    new ServiceKeys(new Keytab(entries), everyHttp, 'web.keytab', before)

  test('keeps the objects of its keys where principal, version, type and octets are the same', () => {
    const after = again(entryOf(SPN, 1, keyOf(2, 17)), entryOf(SPN, 1, keyOf(1)))
    expect(after.all.every(({ key }) => before.has(key))).toBe(true)
  })

  test('has new ones where one of these is another', () => {
    for (const entry of [entryOf(SPN, 2, keyOf(1)), entryOf('HTTP/other', 1, keyOf(1)), entryOf(SPN, 1, keyOf(9))])
      expect(before.has(again(entry).all[0].key)).toBe(false)
  })
})
