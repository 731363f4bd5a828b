import {
  ConfigurationError,
  decodeCcache,
  encode,
  encodeCcache,
  Key,
  kerberosFlags,
  parsePrincipal,
  Ticket,
  TicketFlag,
} from '@s4u/krb5'
import { createCipheriv, createDecipheriv, createHmac, hkdfSync } from 'node:crypto'
import { describe, expect, test, vi } from 'vitest'
import { credentialOf } from '../tickets/ccache-credential.js'
import type { ServiceTicket } from '../tickets/service-ticket.js'
import { SealedTickets, type TicketStore } from './sealed-tickets.js'

const SECRET = '0123456789abcdef0123456789abcdef'
const ID = '["s4u2self","web@AD.TEST"]'
const random = (length: number): Uint8Array => new Uint8Array(length).fill(7)

const service = parsePrincipal('HTTP/api.ad.test@AD.TEST')
const ticket: ServiceTicket = {
  client: parsePrincipal('alice@WEST.TEST'),
  service,
  ticket: { realm: 'AD.TEST', sname: service.name, encPart: { etype: 18, kvno: 3, cipher: new Uint8Array(40) } },
  sessionKey: Key.random(18),
  flags: kerberosFlags(TicketFlag.FORWARDABLE, TicketFlag.RENEWABLE),
  ...{ authenticatedAt: 1_000, startsAt: 2_000, expiresAt: 9_000, renewableUntil: 20_000 },
}

function memory() {
  const values = new Map<string, Uint8Array>()
  const set = vi.fn(async (key: string, value: Uint8Array, _lifetime: number) => void values.set(key, value))
  const store: TicketStore = { get: async (key) => values.get(key), set }
  return { values, set, store, tickets: new SealedTickets({ store, secret: SECRET }, random) }
}

/** What instances of all versions agree on, made without the code that is tested. */
const keyFor = (purpose: string): Buffer =>
  Buffer.from(hkdfSync('sha256', Buffer.from(SECRET), new Uint8Array(0), `s4u tickets ${purpose}`, 32))
const NAME = `s4u:${createHmac('sha256', keyFor('names')).update(ID).digest('base64url')}`

function opened(sealed: Uint8Array): Uint8Array {
  const decipher = createDecipheriv('aes-256-gcm', keyFor('seal'), sealed.subarray(0, 12), { authTagLength: 16 })
  decipher.setAAD(Buffer.from(ID)).setAuthTag(sealed.subarray(-16))
  return new Uint8Array(Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()]))
}

describe('a ticket in the store', () => {
  test('is under a name that only who has the secret can make, for as long as it is of use', async () => {
    const { set, tickets } = memory()
    await tickets.keep(ID, ticket, 1)
    expect(set.mock.calls.map(([name, , lifetime]) => [name, lifetime])).toEqual([[NAME, 1]])
  })

  test('is a credential cache of one, sealed with a key for that alone, and with its name', async () => {
    const { values, tickets } = memory()
    await tickets.keep(ID, ticket, 1)
    const sealed = values.get(NAME) ?? new Uint8Array(0)
    expect([...sealed.subarray(0, 12)]).toEqual([...random(12)])
    const cache = decodeCcache(opened(sealed))
    expect(cache).toMatchObject({ principal: ticket.client, kdcOffset: 0 })
    expect(cache.credentials).toHaveLength(1)
    expect(cache.credentials[0]).toMatchObject({
      ...{ client: ticket.client, server: service, flags: ticket.flags, isSkey: false },
      ...{ authtime: 1_000, starttime: 2_000, endtime: 9_000, renewTill: 20_000 },
      ...{ addresses: [], authorizationData: [], secondTicket: new Uint8Array(0) },
    })
  })

  test('comes back as it was', async () => {
    const { tickets } = memory()
    await tickets.keep(ID, ticket, 1)
    const { ticket: found } = await tickets.find(ID)
    const { sessionKey, ticket: sealed, ...rest } = ticket
    expect(found).toMatchObject(rest)
    expect(found?.sessionKey.equals(sessionKey)).toBe(true)
    expect(found && encode(Ticket, found.ticket)).toEqual(encode(Ticket, sealed))
    const { renewableUntil: _until, ...short } = ticket
    await tickets.keep('short', short, 1)
    expect((await tickets.find('short')).ticket).not.toHaveProperty('renewableUntil')
  })

  test('is opened with a tag of sixteen octets, and no shorter one', async () => {
    const { values, tickets } = memory()
    await tickets.keep(ID, ticket, 1)
    const plain = opened(values.get(NAME) ?? new Uint8Array(0))
    const nonce = random(12)
    const cipher = createCipheriv('aes-256-gcm', keyFor('seal'), nonce, { authTagLength: 4 }).setAAD(Buffer.from(ID))
    values.set(NAME, Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]))
    expect(await tickets.find(ID)).toEqual({ isAnswered: true })
  })

  test.each([0, -1])('is not put there when it is of use for %d ms', async (lifetime) => {
    const { set, tickets } = memory()
    await tickets.keep(ID, ticket, lifetime)
    expect(set).not.toHaveBeenCalled()
  })

  test('is not found where there is none', async () => {
    expect(await memory().tickets.find(ID)).toEqual({ isAnswered: true })
  })
})

describe('the secret is changed while instances run', () => {
  const OTHER = 'fedcba9876543210fedcba9876543210'

  test.each([
    ['the new one stands behind the old one', [SECRET, OTHER]],
    ['the new one stands in front', [OTHER, SECRET]],
  ])('and what the old one has sealed is found when %s', async (_, secret) => {
    const { store, tickets } = memory()
    await tickets.keep(ID, ticket, 1)
    expect((await new SealedTickets({ store, secret }, random).find(ID)).ticket?.client).toEqual(ticket.client)
  })

  test('and the first one seals, so that instances that have not heard of the new one still find it', async () => {
    const { values, store, tickets } = memory()
    await new SealedTickets({ store, secret: [SECRET, OTHER] }, random).keep(ID, ticket, 1)
    expect([...values.keys()]).toEqual([NAME])
    expect((await tickets.find(ID)).ticket?.client).toEqual(ticket.client)
  })

  test('and what the old one has sealed is not found when it is gone', async () => {
    const { store, tickets } = memory()
    await tickets.keep(ID, ticket, 1)
    expect(await new SealedTickets({ store, secret: [OTHER] }, random).find(ID)).toEqual({ isAnswered: true })
  })

  test.each([[[]], [[SECRET, 'short']]])('and each of them is checked: %j', (secret) => {
    const { store } = memory()
    expect(() => new SealedTickets({ store, secret }, random)).toThrow(
      'the secret of the shared ticket cache has less than 32 octets',
    )
  })
})

test('a ticket that version 0.1 has stored is found', async () => {
  const { values, tickets } = memory()
  const plain = encodeCcache({
    principal: ticket.client,
    credentials: [credentialOf(ticket)],
    settings: [],
    kdcOffset: 0,
  })
  const cipher = createCipheriv('aes-256-gcm', keyFor('seal'), random(12)).setAAD(Buffer.from(ID))
  values.set(NAME, Buffer.concat([random(12), cipher.update(plain), cipher.final(), cipher.getAuthTag()]))
  expect((await tickets.find(ID)).ticket?.client).toEqual(ticket.client)
})

test('a store is waited for three tenths of a second, and no longer', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  try {
    const never = (): Promise<never> => new Promise(() => {})
    const tickets = new SealedTickets({ store: { get: never, set: never }, secret: SECRET }, random)
    const found = vi.fn()
    void tickets.find(ID).then(found)
    await vi.advanceTimersByTimeAsync(299)
    expect(found).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(1)
    await new Promise(setImmediate)
    expect(found.mock.calls).toEqual([[{ isAnswered: false }]])
  } finally {
    vi.useRealTimers()
  }
})

test('an answer that came while this process was busy is not late', async () => {
  const { values, tickets: other } = memory()
  await other.keep(ID, ticket, 1)
  const busy = (): void => {
    const end = performance.now() + 40
    while (performance.now() < end);
  }
  // The answer is in the socket, so to speak: the loop comes to it after the timers.
  const get = (name: string) =>
    new Promise<Uint8Array | undefined>((resolve) => {
      setImmediate(() => resolve(values.get(name)))
      queueMicrotask(busy)
    })
  const tickets = new SealedTickets({ store: { get, set: () => {} }, secret: SECRET, leaseFor: 100 }, random)
  expect((await tickets.find(ID)).ticket?.client).toEqual(ticket.client)
})

describe('the secret', () => {
  const { store } = memory()
  const make = (secret: unknown) => () => new SealedTickets({ store, secret: secret as string }, random)

  test.each([
    ['31 letters', 'x'.repeat(31)],
    ['31 octets', new Uint8Array(31)],
    ['none', undefined],
    ['a number', 32],
  ])('that is %s is refused', (_what, secret) => {
    expect(make(secret)).toThrow(ConfigurationError)
    expect(make(secret)).toThrow(
      expect.objectContaining({
        message: 'the secret of the shared ticket cache has less than 32 octets',
        hint: 'Draw it once (openssl rand -base64 32) and give the same one to all instances.',
      }),
    )
  })

  test('may be text or octets of it', async () => {
    const { tickets, store: shared } = memory()
    await tickets.keep(ID, ticket, 1)
    const other = new SealedTickets({ store: shared, secret: new Uint8Array(Buffer.from(SECRET)) }, random)
    expect((await other.find(ID)).ticket?.client).toEqual(ticket.client)
  })
})
