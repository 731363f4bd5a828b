import type { ServiceCredential } from '@s4u/gssapi'
import { type KeytabEntry, parsePrincipal, type Ticket } from '@s4u/krb5'
import { describe, expect, test } from 'vitest'
import type { AcceptorOptions } from '../options/acceptor-options.js'
import { checkOptions } from '../options/acceptor-settings.js'
import { entryOf, issue, keyOf, keytabOf, NOW, SERVICE_KEY, SPN } from '../fixtures/issued-token.js'
import { ServiceKeys } from '../keys/service-keys.js'
import { TicketOpener } from './ticket-opener.js'

/**
 * When a ticket that was opened before is taken as it was, and when it is opened, or judged, once
 * more.
 */

const POLICY = { services: undefined, aliases: [], permits: () => true, ignoresHost: false }
const ticketOf = ({ ticket }: ServiceCredential): Ticket => ticket
const keysOf = (...entries: readonly KeytabEntry[]): ServiceKeys =>
  new ServiceKeys(keytabOf(...entries), POLICY, 'web.keytab')
const openerWith = (options: AcceptorOptions = {}): TicketOpener =>
  new TicketOpener(checkOptions({ now: () => NOW, ...options }))

/** It is kept when it comes for the second time. */
function openTwice(opener: TicketOpener, ticket: Ticket, keys: ServiceKeys) {
  expect(opener.find(ticket, keys)).toBeUndefined()
  expect(opener.open(ticket, keys).seenBefore).toBe(false)
  const { ticket: kept, seenBefore } = opener.open(ticket, keys)
  expect(seenBefore).toBe(true)
  return kept
}

describe('a ticket that was opened before', () => {
  const ticket = ticketOf(issue())
  const web = entryOf(SPN, 1, SERVICE_KEY)

  test('is taken as it was', () => {
    const [opener, keys] = [openerWith(), keysOf()]
    const kept = openTwice(opener, ticket, keys)
    expect(opener.find(ticket, keys)).toBe(kept)
    expect(opener.find({ ...ticket }, keys)).toBe(kept)
  })

  test('is forgotten when all are', () => {
    const [opener, keys] = [openerWith(), keysOf()]
    openTwice(opener, ticket, keys)
    opener.clear()
    expect(opener.find(ticket, keys)).toBeUndefined()
    expect(opener.open(ticket, keys).seenBefore).toBe(false)
  })

  test.each([
    ['another name', { sname: parsePrincipal('HTTP/api.ad.test', { realm: 'AD.TEST' }).name }],
    ['the name in another realm', { realm: 'EVIL.TEST' }],
  ])('is not found under %s, and stays for whoever has the right one', (_what, change) => {
    const [opener, keys] = [openerWith(), keysOf()]
    const kept = openTwice(opener, ticket, keys)
    expect(opener.find({ ...ticket, ...change }, keys)).toBeUndefined()
    expect(opener.find(ticket, keys)).toBe(kept)
  })

  test('is forgotten when its key has left the keytab, also should the key come back', () => {
    const [opener, keys] = [openerWith(), keysOf()]
    openTwice(opener, ticket, keys)
    expect(opener.find(ticket, keysOf(entryOf(SPN, 2, keyOf(2))))).toBeUndefined()
    expect(opener.find(ticket, keys)).toBeUndefined()
  })

  test.each([
    ['the same realms', [web, entryOf('HTTP/x.west.test', 1, keyOf(3), 'WEST.TEST')], true],
    ['one realm less', [web], false],
    ['another second realm', [web, entryOf('HTTP/x.west.test', 1, keyOf(3), 'EAST.TEST')], false],
    [
      'one realm more',
      [
        web,
        entryOf('HTTP/x.west.test', 1, keyOf(3), 'WEST.TEST'),
        entryOf('HTTP/x.east.test', 1, keyOf(4), 'EAST.TEST'),
      ],
      false,
    ],
  ] as const)('under a keytab of %s is found or not', (_what, entries, isFound) => {
    const opener = openerWith({ domainSids: { 'AD.TEST': 'S-1-5-21-1-2-3', 'WEST.TEST': false, 'EAST.TEST': false } })
    const keys = keysOf(web, entryOf('HTTP/x.west.test', 1, keyOf(3), 'WEST.TEST'))
    const kept = openTwice(opener, ticket, keys)
    // The key objects of before, as a keytab that is read again keeps them.
    const next = new ServiceKeys(keytabOf(...entries), POLICY, 'web.keytab', keys)
    expect(opener.find(ticket, next)).toBe(isFound ? kept : undefined)
  })
})

describe('what was judged before it was known whose domain is whose', () => {
  const withoutPac = ticketOf(issue({ client: 'bob', pac: false }))
  const withPac = ticketOf(issue())

  test('is judged once more when something has been learned since', () => {
    const [opener, keys] = [openerWith(), keysOf()]
    const provisional = openTwice(opener, withoutPac, keys)
    expect(opener.find(withoutPac, keys)).toBe(provisional)
    opener.open(withPac, keys)
    expect(opener.find(withoutPac, keys)).toBeUndefined()
    expect(() => opener.open(withoutPac, keys)).toThrow('the ticket of a user of AD.TEST has no PAC')
  })

  test('and what hung on nothing that was unknown is not', () => {
    const settings = checkOptions({ now: () => NOW })
    const [opener, keys] = [new TicketOpener(settings), keysOf()]
    const final = openTwice(opener, withPac, keys)
    expect(final.domainSidsVersion).toBeUndefined()
    const { version } = settings.domainSids
    settings.domainSids.learn('WEST.TEST', 'S-1-5-21-7-7-7')
    expect(settings.domainSids.version).toBeGreaterThan(version)
    expect(opener.find(withPac, keys)).toBe(final)
  })
})
