import { encodePac, openTicket, Pac, parsePrincipal } from '@s4u/krb5'
import type { Claim, Ticket } from '@s4u/krb5'
import { describe, expect, test } from 'vitest'
import type { VerifiedTicket } from './verified-ticket.js'
import { issue, keyOf, logonInfo, NOW, oddToken, pacOf, SERVICE_KEY, tokenOf } from '../fixtures/issued-token.js'
import { accepted, acceptorWith, refused } from '../fixtures/outcomes.js'
import { octetsHeldBy } from './octets-held.js'
import { MAX_OCTETS, MAX_TICKET_OCTETS, OpenedTicketCache } from './opened-ticket-cache.js'

const serviceKey = {
  principal: parsePrincipal('HTTP/web.ad.test@AD.TEST'),
  label: '',
  kvno: 1,
  newestKvno: 1,
  key: SERVICE_KEY,
}

function opened(ticket: Ticket = issue().ticket): VerifiedTicket {
  const client = parsePrincipal('alice@AD.TEST')
  const names = { client, principal: 'alice@AD.TEST', name: 'alice', localName: 'alice' }
  return {
    opened: openTicket(ticket, SERVICE_KEY),
    serviceKey,
    pac: undefined,
    ownRealms: [],
    domainSidsVersion: undefined,
    hasNoGroups: false,
    anonymous: false,
    ...names,
  }
}

const sealOf = ({ opened: { ticket } }: VerifiedTicket) => ticket.encPart

describe('the cache of opened tickets', () => {
  test('keeps a ticket from its second coming on', () => {
    const cache = new OpenedTicketCache(10)
    const ticket = opened()
    expect(cache.remember(ticket, NOW)).toBe(false)
    expect(cache.find(sealOf(ticket), NOW)).toBeUndefined()
    expect(cache.remember(ticket, NOW)).toBe(true)
    expect(cache.find(sealOf(ticket), NOW)).toBe(ticket)
    cache.forget(sealOf(ticket))
    expect(cache.size).toBe(0)
  })

  test('finds the exact ciphertext only', () => {
    const cache = new OpenedTicketCache(10)
    const ticket = opened()
    cache.remember(ticket, NOW)
    cache.remember(ticket, NOW)
    const { etype, cipher } = sealOf(ticket)
    const changed = cipher.slice()
    changed[0] ^= 1
    expect(cache.find({ etype, cipher: changed }, NOW)).toBeUndefined()
    expect(cache.find({ etype: 20, cipher }, NOW)).toBeUndefined()
  })

  test('drops what was used least recently', () => {
    const cache = new OpenedTicketCache(2)
    const tickets = [opened(), opened(), opened()]
    for (const ticket of tickets.slice(0, 2)) for (const _ of [1, 2]) cache.remember(ticket, NOW)
    cache.find(sealOf(tickets[0]), NOW)
    for (const _ of [1, 2]) cache.remember(tickets[2], NOW)
    expect(tickets.map((ticket) => cache.find(sealOf(ticket), NOW) === ticket)).toEqual([true, false, true])
    cache.clear()
    expect(cache.size).toBe(0)
  })

  test('finds no ticket that has ended, nor keeps one', () => {
    const cache = new OpenedTicketCache(10)
    const ticket = opened()
    const end = ticket.opened.encTicketPart.endtime
    for (const _ of [1, 2]) cache.remember(ticket, end - 1)
    expect(cache.find(sealOf(ticket), end - 1)).toBe(ticket)
    expect(cache.find(sealOf(ticket), end)).toBeUndefined()
    expect(cache.size).toBe(0)
    for (const _ of [1, 2]) cache.remember(ticket, end)
    expect(cache.size).toBe(0)
  })

  test('drops what has ended when another ticket comes, at most once a minute', () => {
    const cache = new OpenedTicketCache(10)
    const keep = (ticket: VerifiedTicket, now: number): void => {
      for (const _ of [1, 2]) cache.remember(ticket, now)
    }
    for (const end of [30, 120, 150]) keep(opened(issue({ part: { endtime: NOW + end * 1_000 } }).ticket), NOW)
    keep(opened(), NOW + 59_000)
    expect(cache.size).toBe(4)
    keep(opened(), NOW + 120_000)
    expect(cache.size).toBe(3)
    keep(opened(), NOW + 179_000)
    expect(cache.size).toBe(4)
    keep(opened(), NOW + 180_000)
    expect(cache.size).toBe(4)
  })

  test('of size 0 keeps nothing', () => {
    const cache = new OpenedTicketCache(0)
    const ticket = opened()
    for (const _ of [1, 2, 3]) cache.remember(ticket, NOW)
    expect(cache.size).toBe(0)
  })
})

test('a ticket that is kept is judged like a new one', async () => {
  let now = NOW
  const acceptor = acceptorWith({ now: () => now })
  const ticket = issue({ sessionKey: keyOf(8) })
  for (const _ of [1, 2, 3]) accepted(await acceptor.accept(tokenOf(ticket)))
  now = ticket.expiresAt + 600_000
  const late = oddToken(ticket, { authenticator: { ctime: now } })
  expect(refused(await acceptor.accept(late)).error.code).toBe('KRB_AP_ERR_TKT_EXPIRED')
})

test('a name that somebody changed on the way does not stay with the ticket', async () => {
  const acceptor = acceptorWith({ serviceAliases: ['HTTP/alias.test'] })
  const credential = issue()
  const sname = { nameType: 2, nameString: ['HTTP', 'alias.test'] }
  const renamed = { ...credential, ticket: { ...credential.ticket, sname } }
  for (const _ of [1, 2, 3]) accepted(await acceptor.accept(oddToken(renamed)))
  const { evidence } = accepted(await acceptor.accept(oddToken(credential))).identity
  expect(evidence).toMatchObject({ ticket: { sname: credential.ticket.sname } })
})

const manyGroups = {
  logonInfo: logonInfo({
    groupIds: Array.from({ length: 1_000 }, (_, at) => ({ relativeId: 2_000 + at, attributes: 7 })),
  }),
}

describe('what two ciphertexts have in common', () => {
  /** A ticket whose ciphertext ends so, and is else as that of `opened`. */
  const endingWith = (first: number, ...last: readonly number[]): VerifiedTicket => {
    const ticket = opened()
    const { encPart } = ticket.opened.ticket
    const cipher = encPart.cipher.slice()
    cipher[0] = first
    cipher.set(last, cipher.length - last.length)
    return {
      ...ticket,
      opened: { ...ticket.opened, ticket: { ...ticket.opened.ticket, encPart: { ...encPart, cipher } } },
    }
  }

  test('at their end does not make one ticket of them', () => {
    const cache = new OpenedTicketCache(10)
    const [one, other] = [endingWith(1, 1, 2, 3, 4, 5, 6), endingWith(2, 1, 2, 3, 4, 5, 6)]
    for (const _ of [1, 2]) cache.remember(one, NOW)
    expect(cache.find(sealOf(other), NOW)).toBeUndefined()
    expect(cache.remember(other, NOW)).toBe(true)
    expect(cache.find(sealOf(one), NOW)).toBeUndefined()
    expect(cache.find(sealOf(other), NOW)).toBe(other)
    expect(cache.size).toBe(1)
    expect(cache.octets).toBe(octetsHeldBy(other))
  })

  test.each([0, 1, 2, 3, 4, 5])('but for the octet %s of the last six, they are two', (at) => {
    const cache = new OpenedTicketCache(10)
    const last = [1, 2, 3, 4, 5, 6]
    const changed = last.with(at, last[at] ^ 1)
    const [one, other] = [endingWith(1, ...last), endingWith(1, ...changed)]
    for (const _ of [1, 2]) cache.remember(one, NOW)
    expect(cache.remember(other, NOW)).toBe(false)
    expect(cache.remember(other, NOW)).toBe(true)
    expect([cache.find(sealOf(one), NOW), cache.find(sealOf(other), NOW)]).toEqual([one, other])
    expect(cache.size).toBe(2)
    cache.forget(sealOf(one))
    expect([cache.size, cache.octets]).toEqual([1, octetsHeldBy(other)])
    cache.forget(sealOf(one))
    expect([cache.size, cache.octets]).toEqual([1, octetsHeldBy(other)])
  })

  test('of their first coming is remembered until another takes the place', () => {
    const cache = new OpenedTicketCache(10)
    const [one, other] = [endingWith(1, 1, 2, 3, 4, 5, 6), endingWith(1, 9, 2, 3, 4, 5, 6)]
    expect(cache.remember(one, NOW)).toBe(false)
    expect(cache.remember(other, NOW)).toBe(false)
    expect(cache.remember(one, NOW)).toBe(false)
    expect(cache.remember(one, NOW)).toBe(true)
  })

  test('is forgotten by clear, first comings too', () => {
    const cache = new OpenedTicketCache(10)
    const [one, other] = [opened(), opened()]
    for (const _ of [1, 2]) cache.remember(one, NOW)
    cache.remember(other, NOW)
    expect(cache.octets).toBe(octetsHeldBy(one))
    cache.clear()
    expect([cache.size, cache.octets]).toEqual([0, 0])
    expect(cache.remember(other, NOW)).toBe(false)
    expect(cache.remember(one, NOW)).toBe(false)
  })
})

describe('a ticket that holds much', () => {
  const withClaims = (...claims: Claim[]): VerifiedTicket => {
    const bytes = encodePac({ clientClaims: [{ source: 1, claims }] }, { server: SERVICE_KEY, kdc: SERVICE_KEY })
    return { ...opened(), pac: Pac.decode(bytes) }
  }
  const keep = (cache: OpenedTicketCache, ticket: VerifiedTicket): void => {
    for (const _ of [1, 2]) cache.remember(ticket, NOW)
  }

  test('is counted with what was decoded of it, and not as it came', () => {
    const plain = octetsHeldBy(opened())
    const text = octetsHeldBy(withClaims({ id: 'a', type: 'string', values: ['x'.repeat(50_000)] }))
    const many = octetsHeldBy(withClaims({ id: 'a', type: 'int64', values: Array.from({ length: 4_000 }, () => 1n) }))
    const names = octetsHeldBy(
      withClaims(...Array.from({ length: 500 }, (_, at): Claim => ({ id: `c${at}`, type: 'boolean', values: [true] }))),
    )
    expect(text - plain).toBeGreaterThan(100_000)
    expect(many - plain).toBeGreaterThan(150_000)
    expect(names - plain).toBeGreaterThan(250_000)
    expect(
      octetsHeldBy({ ...opened(), pac: Pac.decode(pacOf('alice', NOW, SERVICE_KEY, { pac: manyGroups })) }) - plain,
    ).toBeGreaterThan(80 * 1_000)
  })

  /** A ticket with as much ciphertext as makes it the largest that is kept. */
  const largest = (at: number): VerifiedTicket => {
    const ticket = opened()
    const { encPart } = ticket.opened.ticket
    const cipher = new Uint8Array(Math.floor((MAX_TICKET_OCTETS - 10_000) / 2.25))
    cipher[cipher.length - 1] = at
    const sealed = { ...ticket.opened.ticket, encPart: { ...encPart, cipher } }
    return { ...ticket, opened: { ...ticket.opened, ticket: sealed } }
  }

  test('is kept up to the limit for one, and as many as the limit for all has room for', () => {
    const cache = new OpenedTicketCache(1_000)
    expect(octetsHeldBy(largest(1))).toBe(MAX_TICKET_OCTETS)
    for (let at = 1; at <= 64; at++) keep(cache, largest(at))
    expect([cache.size, cache.octets]).toEqual([64, MAX_OCTETS])
    keep(cache, opened())
    expect([cache.size, cache.octets]).toEqual([64, MAX_OCTETS - MAX_TICKET_OCTETS + octetsHeldBy(opened())])
    expect(cache.find(sealOf(largest(1)), NOW)).toBeUndefined()
    expect(cache.find(sealOf(largest(2)), NOW)).toBeDefined()
  })

  test('leaves room for the others: all together hold no more than the limit', () => {
    const cache = new OpenedTicketCache(100_000)
    const { pac } = withClaims({ id: 'a', type: 'string', values: ['x'.repeat(100_000)] })
    for (let count = 0; count < 600; count++) keep(cache, { ...opened(), pac })
    expect(cache.octets).toBeLessThanOrEqual(MAX_OCTETS)
    expect(cache.octets).toBeGreaterThan(MAX_OCTETS / 2)
    expect(cache.size).toBeLessThan(MAX_OCTETS / 200_000)
    cache.clear()
    expect(cache.octets).toBe(0)
  })

  test('is not kept at all when it is too heavy, and drives out nobody', () => {
    const cache = new OpenedTicketCache(10)
    const alice = opened()
    keep(cache, alice)
    const before = cache.octets
    const heavy = withClaims(
      ...Array.from({ length: 5 }, (): Claim => ({ id: 'a', type: 'string', values: ['x'.repeat(120_000)] })),
    )
    expect(octetsHeldBy(heavy)).toBeGreaterThan(MAX_TICKET_OCTETS)
    keep(cache, heavy)
    expect(cache.find(sealOf(heavy), NOW)).toBeUndefined()
    expect(cache.find(sealOf(alice), NOW)).toBe(alice)
    expect(cache.octets).toBe(before)
    cache.forget(sealOf(alice))
    expect(cache.octets).toBe(0)
  })
})
