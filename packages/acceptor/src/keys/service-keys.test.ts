import { Key, Keytab, Krb5Conf } from '@s4u/krb5'
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
