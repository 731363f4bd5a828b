import { ConfigurationError, Key, kerberosFlags, TicketFlag } from '@s4u/krb5'
import * as fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { KdcError, KdcUnreachableError } from '../errors/kdc-errors.js'
import type { ServiceTicket } from '../tickets/service-ticket.js'
import { TicketCache } from './ticket-cache.js'
import { identify, type TicketKey } from './ticket-key.js'
import { SealedTickets, type TicketStore } from './sealed-tickets.js'

const HOUR = 3_600_000

function ticketOf(user: string, { startsAt = 0, lifetime = HOUR, octets = 100 } = {}): ServiceTicket {
  const name = { nameType: 1, nameString: [user] }
  const sname = { nameType: 2, nameString: ['HTTP', 'api.ad.test'] }
  const cipher = new Uint8Array(octets)
  return Object.freeze({
    client: { name, realm: 'AD.TEST' },
    service: { name: sname, realm: 'AD.TEST' },
    ticket: { realm: 'AD.TEST', sname, encPart: { etype: 18, kvno: 3, cipher } },
    sessionKey: Key.random(18),
    flags: kerberosFlags(TicketFlag.FORWARDABLE, TicketFlag.PRE_AUTHENT),
    authenticatedAt: startsAt,
    startsAt,
    expiresAt: startsAt + lifetime,
  })
}

const keyOf = (user: string): TicketKey => ({
  kind: 's4u2proxy',
  client: 'web@AD.TEST',
  user: `${user}@AD.TEST`,
  evidence: 'e',
  service: 'HTTP/api.ad.test@AD.TEST',
  etypes: [18],
})

const refusal = (): KdcError =>
  new KdcError({ step: 'S4U2Proxy', account: 'web@AD.TEST', target: 'HTTP/api.ad.test', errorCode: 13 })

describe('a ticket that is less than it could be', () => {
  test('is handed out for a minute, and then asked for again', async () => {
    let now = 0
    const cache = new TicketCache({ now: () => now, isProvisional: () => true })
    const request = vi.fn(async () => ticketOf('alice', { startsAt: now }))
    const first = await cache.get(keyOf('alice'), request)
    now = 59_999
    expect(await cache.get(keyOf('alice'), request)).toBe(first)
    now = 60_000
    expect(await cache.get(keyOf('alice'), request)).not.toBe(first)
    expect(request).toHaveBeenCalledTimes(2)
  })

  test('is got anew on demand, but not again within seconds', async () => {
    let now = 0
    const cache = new TicketCache({ now: () => now, isProvisional: () => true })
    const request = vi.fn(async () => ticketOf('alice', { startsAt: now }))
    await cache.get(keyOf('alice'), request)
    for (const time of [1_000, 2_000, 10_999]) {
      now = time
      await cache.get(keyOf('alice'), request, { fresh: true })
    }
    expect(request).toHaveBeenCalledTimes(2)
    now = 11_000
    await cache.get(keyOf('alice'), request, { fresh: true })
    expect(request).toHaveBeenCalledTimes(3)
  })

  test('is not shared with other instances', async () => {
    const store: TicketStore = { get: async () => undefined, set: vi.fn(async () => {}) }
    const shared = new SealedTickets({ store, secret: new Uint8Array(32).fill(7) }, (length) => new Uint8Array(length))
    const isProvisional = (ticket: ServiceTicket): boolean => ticket.client.name.nameString[0] === 'alice'
    const cache = new TicketCache({ now: () => 0, shared, isProvisional })
    await cache.get(keyOf('alice'), async () => ticketOf('alice'))
    expect(store.set).not.toHaveBeenCalled()
    await cache.get(keyOf('bob'), async () => ticketOf('bob'))
    expect(store.set).toHaveBeenCalledTimes(1)
  })
})

describe('the ticket cache', () => {
  test('asks once, however many wait, and not again while the ticket is fresh', async () => {
    const cache = new TicketCache({ now: () => 0 })
    const request = vi.fn(async () => ticketOf('alice'))
    const all = await Promise.all(Array.from({ length: 100 }, () => cache.get(keyOf('alice'), request)))
    expect(new Set(all).size).toBe(1)
    expect(await cache.get(keyOf('alice'), request)).toBe(all[0])
    expect(request).toHaveBeenCalledTimes(1)
  })

  test('hands the old ticket out near its end, and gets a new one meanwhile', async () => {
    let now = 0
    const cache = new TicketCache({ now: () => now })
    const request = vi.fn(async () => ticketOf('alice', { startsAt: now }))
    const first = await cache.get(keyOf('alice'), request)
    now = 0.85 * HOUR
    expect(await cache.get(keyOf('alice'), request)).toBe(first)
    await vi.waitFor(async () => expect(await cache.get(keyOf('alice'), request)).not.toBe(first))
    expect(request).toHaveBeenCalledTimes(2)
  })

  test('keeps the old ticket to its end when there is no new one, and does not ask all the time', async () => {
    let now = 0
    const cache = new TicketCache({ now: () => now })
    const first = await cache.get(keyOf('alice'), async () => ticketOf('alice'))
    const failing = vi.fn(async () => Promise.reject(refusal()))
    now = 0.85 * HOUR
    for (let call = 0; call < 10; call++) {
      expect(await cache.get(keyOf('alice'), failing)).toBe(first)
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(failing).toHaveBeenCalledTimes(1)
    now = HOUR - 1
    await expect(cache.get(keyOf('alice'), failing)).rejects.toBeInstanceOf(KdcError)
  })

  test('remembers refusals as long as they hold little: names are typed into forms', async () => {
    const cache = new TicketCache({ now: () => 0 })
    const request = vi.fn(async () => Promise.reject(refusal()))
    const ask = async (user: string): Promise<void> =>
      void (await expect(cache.get(keyOf(user), request)).rejects.toThrow('BADOPTION'))
    for (const user of ['bob', 'bob']) await ask(user)
    expect(request).toHaveBeenCalledTimes(1)
    for (let count = 0; count < 40; count++) await ask(`${count}${'x'.repeat(500_000)}`)
    await ask('bob')
    expect(request).toHaveBeenCalledTimes(42)
  })

  test('remembers a refusal briefly', async () => {
    let now = 0
    const cache = new TicketCache({ now: () => now })
    const request = vi.fn(async () => Promise.reject(refusal()))
    for (let call = 0; call < 5; call++) await expect(cache.get(keyOf('alice'), request)).rejects.toThrow('BADOPTION')
    expect(request).toHaveBeenCalledTimes(1)
    now = 10_001
    expect(await cache.get(keyOf('alice'), async () => ticketOf('alice'))).toBeDefined()
  })

  test('does not remember that no KDC answered', async () => {
    const cache = new TicketCache({ now: () => 0 })
    await expect(
      cache.get(keyOf('alice'), async () => Promise.reject(new KdcUnreachableError('AD.TEST', []))),
    ).rejects.toThrow('no KDC')
    expect(await cache.get(keyOf('alice'), async () => ticketOf('alice'))).toBeDefined()
  })

  test('a caller who gives up does not take the exchange from the others', async () => {
    const cache = new TicketCache({ now: () => 0 })
    let answer = (_ticket: ServiceTicket): void => {}
    const request = vi.fn(() => new Promise<ServiceTicket>((resolve) => (answer = resolve)))
    const impatient = new AbortController()
    const [gone, patient] = [
      cache.get(keyOf('alice'), request, { signal: impatient.signal }),
      cache.get(keyOf('alice'), request),
    ]
    impatient.abort(new Error('gone'))
    await expect(gone).rejects.toThrow('gone')
    answer(ticketOf('alice'))
    expect((await patient).client.name.nameString).toEqual(['alice'])
    await expect(cache.get(keyOf('alice'), request, { signal: impatient.signal })).rejects.toThrow('gone')
  })

  describe('an exchange', () => {
    /** A request that answers when it is told to, and the signals that it was given. */
    const slowly = () => {
      const signals: AbortSignal[] = []
      let answer = (_ticket: ServiceTicket): void => {}
      const request = (signal: AbortSignal): Promise<ServiceTicket> => {
        signals.push(signal)
        return new Promise((resolve, reject) => {
          answer = resolve
          signal.addEventListener('abort', () => reject(signal.reason))
        })
      }
      return { request, signals, answer: (ticket: ServiceTicket) => answer(ticket) }
    }

    test('ends with the last caller who waits for it, and not with one of two', async () => {
      const cache = new TicketCache({ now: () => 0 })
      const { request, signals } = slowly()
      const callers = [new AbortController(), new AbortController()]
      const waits = callers.map(({ signal }) => cache.get(keyOf('alice'), request, { signal }))
      callers[0].abort(new Error('first'))
      await expect(waits[0]).rejects.toThrow('first')
      expect(signals[0].aborted).toBe(false)
      callers[1].abort(new Error('second'))
      await expect(waits[1]).rejects.toThrow('second')
      expect(signals).toMatchObject([{ aborted: true }])
    })

    test('that was ended is begun anew by whoever comes next, and does not take that one along', async () => {
      const cache = new TicketCache({ now: () => 0 })
      const { request, signals, answer } = slowly()
      const gone = new AbortController()
      const wait = cache.get(keyOf('alice'), request, { signal: gone.signal })
      gone.abort(new Error('gone'))
      await expect(wait).rejects.toThrow('gone')
      const next = [cache.get(keyOf('alice'), request), cache.get(keyOf('alice'), request)]
      await new Promise((resolve) => setImmediate(resolve))
      answer(ticketOf('alice'))
      expect(new Set(await Promise.all(next)).size).toBe(1)
      expect(signals).toMatchObject([{ aborted: true }, { aborted: false }])
    })

    test('in the background is nobody’s, and ends with nobody', async () => {
      let now = 0
      const cache = new TicketCache({ now: () => now })
      await cache.get(keyOf('alice'), async () => ticketOf('alice'))
      now = 0.85 * HOUR
      const { request, signals, answer } = slowly()
      await cache.get(keyOf('alice'), request)
      now = HOUR
      const gone = new AbortController()
      const wait = cache.get(keyOf('alice'), request, { signal: gone.signal })
      gone.abort(new Error('gone'))
      await expect(wait).rejects.toThrow('gone')
      expect(signals).toMatchObject([{ aborted: false }])
      answer(ticketOf('alice', { startsAt: now }))
      expect(await cache.get(keyOf('alice'), request)).toMatchObject({ startsAt: HOUR })
      expect(signals).toMatchObject([{ aborted: false }])
    })

    test('that is over is not ended afterwards', async () => {
      const cache = new TicketCache({ now: () => 0 })
      const { request, signals, answer } = slowly()
      const wait = cache.get(keyOf('alice'), request)
      await new Promise((resolve) => setImmediate(resolve))
      answer(ticketOf('alice'))
      await wait
      expect(signals).toMatchObject([{ aborted: false }])
    })
  })

  test('an exchange that fails after all have gone harms nobody', async () => {
    const cache = new TicketCache({ now: () => 0 })
    const impatient = new AbortController()
    let fail = (_error: Error): void => {}
    const request = () => new Promise<ServiceTicket>((_, reject) => (fail = reject))
    const gone = cache.get(keyOf('alice'), request, { signal: impatient.signal })
    impatient.abort(new Error('gone'))
    await expect(gone).rejects.toThrow('gone')
    fail(new Error('too late'))
    await new Promise((resolve) => setImmediate(resolve))
  })

  describe('asked for a fresh ticket', () => {
    const setUp = async () => {
      const clock = { now: 0 }
      const cache = new TicketCache({ now: () => clock.now })
      const request = vi.fn(async () => ticketOf('alice'))
      const afresh = () => cache.get(keyOf('alice'), request, { fresh: true })
      return { clock, cache, request, afresh, stale: await cache.get(keyOf('alice'), request) }
    }

    test('gets one, however many ask and however young the old one is, and hands it to all from then on', async () => {
      const { cache, request, afresh, stale } = await setUp()
      const fresh = await Promise.all(Array.from({ length: 100 }, afresh))
      expect(new Set(fresh).size).toBe(1)
      expect(fresh[0]).not.toBe(stale)
      expect(await cache.get(keyOf('alice'), request)).toBe(fresh[0])
      expect(request).toHaveBeenCalledTimes(2)
    })

    test('does not get one after the other', async () => {
      const { clock, request, afresh } = await setUp()
      const second = await afresh()
      clock.now = 9_999
      for (let call = 0; call < 10; call++) expect(await afresh()).toBe(second)
      clock.now = 10_000
      expect(await afresh()).not.toBe(second)
      expect(request).toHaveBeenCalledTimes(3)
    })

    test('keeps the old one when there is none, and does not ask again at once', async () => {
      const { cache, request, afresh, stale } = await setUp()
      request.mockRejectedValueOnce(new KdcUnreachableError('AD.TEST', []))
      await expect(afresh()).rejects.toThrow('no KDC')
      expect(await afresh()).toBe(stale)
      expect(await cache.get(keyOf('alice'), request)).toBe(stale)
      expect(request).toHaveBeenCalledTimes(2)
    })

    test('stands by a refusal', async () => {
      const cache = new TicketCache({ now: () => 0 })
      const request = vi.fn(async () => Promise.reject(refusal()))
      for (let call = 0; call < 5; call++)
        await expect(cache.get(keyOf('alice'), request, { fresh: true })).rejects.toThrow('BADOPTION')
      expect(request).toHaveBeenCalledTimes(1)
    })
  })

  test('stays within its octets', async () => {
    const cache = new TicketCache({ now: () => 0, maxBytes: 50_000 })
    for (let user = 0; user < 200; user++)
      await cache.get(keyOf(`user${user}`), async () => ticketOf(`user${user}`, { octets: 2_000 }))
    expect(cache.bytes).toBeLessThanOrEqual(50_000)
    expect(cache.size).toBeGreaterThan(5)
    expect(cache.size).toBeLessThan(25)
  })
})

describe('the key of a ticket', () => {
  const text = fc.oneof(
    fc.constantFrom('alice@AD.TEST', 'bob@AD.TEST', '', 'HTTP/api', '","', '[]', 'null'),
    fc.string(),
  )
  const base = {
    client: text,
    etypes: fc.array(fc.constantFrom(17, 18, 20), { maxLength: 3 }),
    options: fc.array(fc.nat(31), { maxLength: 2 }),
    armor: fc.option(text, { nil: undefined }),
  }
  const anyKey: fc.Arbitrary<TicketKey> = fc.oneof(
    fc.record({
      kind: fc.constant('own' as const),
      ...base,
      service: text,
      userToUser: fc.option(text, { nil: undefined }),
    }),
    fc.record({
      kind: fc.constant('s4u2self' as const),
      ...base,
      user: text,
      userNameType: fc.constantFrom(1, 10),
      certificate: fc.option(text, { nil: undefined }),
    }),
    fc.record({ kind: fc.constant('s4u2proxy' as const), ...base, user: text, evidence: text, service: text }),
    fc.record({ kind: fc.constant('forwarded' as const), ...base, tgt: text, service: text }),
  )

  test('is never shared by two askers who differ in anything', () => {
    fc.assert(
      fc.property(anyKey, anyKey, (a, b) => {
        expect(identify(a) === identify(b)).toBe(same(a, b))
      }),
      { numRuns: 5_000 },
    )
  })

  test('two askers who differ in one thing never get the same ticket', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyKey, { minLength: 2, maxLength: 8 }), async (keys) => {
        const cache = new TicketCache({ now: () => 0 })
        const got = await Promise.all(keys.map((key) => cache.get(key, async () => ticketOf('whoever'))))
        for (const [i, a] of keys.entries())
          for (const [j, b] of keys.entries()) if (got[i] === got[j]) expect(same(a, b)).toBe(true)
      }),
      { numRuns: 200 },
    )
  })

  function same(a: TicketKey, b: TicketKey): boolean {
    const fields = (key: TicketKey): string =>
      JSON.stringify(
        Object.entries(key)
          .filter(([, value]) => value !== undefined)
          .sort(),
      )
    return fields(a) === fields(b)
  }
})

describe('tickets shared by instances', () => {
  const secret = '0123456789abcdef0123456789abcdef'
  const random = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length))

  function memoryStore() {
    const values = new Map<string, Uint8Array>()
    const store: TicketStore = {
      get: async (key) => values.get(key),
      set: async (key, value) => void values.set(key, value),
    }
    return { store, values }
  }

  const instance = (store: TicketStore, other = secret): TicketCache =>
    new TicketCache({ now: () => 0, shared: new SealedTickets({ store, secret: other }, random) })

  test('what one has, the other need not ask for', async () => {
    const { store } = memoryStore()
    const ticket = await instance(store).get(keyOf('alice'), async () => ticketOf('alice'))
    const other = await instance(store).get(keyOf('alice'), async () => Promise.reject(new Error('asked')))
    expect(other).toMatchObject({ client: ticket.client, service: ticket.service, expiresAt: ticket.expiresAt })
    expect(other.sessionKey.equals(ticket.sessionKey)).toBe(true)
    expect(other.flags).toEqual(ticket.flags)
    expect(Object.isFrozen(other)).toBe(true)
  })

  test('a fresh one is not taken from the store, but put there', async () => {
    const { store } = memoryStore()
    await instance(store).get(keyOf('alice'), async () => ticketOf('alice', { octets: 100 }))
    const renewed = await instance(store).get(keyOf('alice'), async () => ticketOf('alice', { octets: 200 }), {
      fresh: true,
    })
    const other = await instance(store).get(keyOf('alice'), async () => Promise.reject(new Error('asked')))
    expect([renewed, other].map(({ ticket }) => ticket.encPart.cipher.length)).toEqual([200, 200])
  })

  test('what is too short to be sealed is not taken', async () => {
    const { store, values } = memoryStore()
    await instance(store).get(keyOf('alice'), async () => ticketOf('alice'))
    const [[name, sealed]] = values
    const asked = vi.fn(async () => ticketOf('alice'))
    for (let length = 0; length < 40; length++) {
      values.set(name, sealed.subarray(0, length))
      await instance(store).get(keyOf('alice'), asked)
    }
    expect(asked).toHaveBeenCalledTimes(40)
  })

  test('nothing in the store tells whose it is or what it holds', async () => {
    const { store, values } = memoryStore()
    const ticket = await instance(store).get(keyOf('alice'), async () => ticketOf('alice'))
    const [[key, value]] = values
    const everything = Buffer.concat([Buffer.from(key), value])
    const secrets = [
      Buffer.from('alice'),
      Buffer.from('api.ad.test'),
      Buffer.from(ticket.sessionKey.exposeSecretBytes()),
    ]
    for (const secretThing of secrets) expect(everything.includes(secretThing)).toBe(false)
  })

  test('a ticket put under another’s name, a changed one and one of another secret are not taken', async () => {
    const { store, values } = memoryStore()
    await instance(store).get(keyOf('alice'), async () => ticketOf('alice'))
    await instance(store).get(keyOf('bob'), async () => ticketOf('bob'))
    const [alices, bobs] = [...values.keys()]
    values.set(bobs, values.get(alices) ?? new Uint8Array(0))
    const bob = await instance(store).get(keyOf('bob'), async () => ticketOf('bob'))
    expect(bob.client.name.nameString).toEqual(['bob'])
    for (const at of [0, 13, 60]) {
      const changed = (values.get(alices) ?? new Uint8Array(0)).slice()
      changed[at] ^= 1
      values.set(alices, changed)
      const request = vi.fn(async () => ticketOf('alice'))
      await instance(store).get(keyOf('alice'), request)
      expect(request).toHaveBeenCalledTimes(1)
    }
    const request = vi.fn(async () => ticketOf('alice'))
    await instance(store, secret.toUpperCase()).get(keyOf('alice'), request)
    expect(request).toHaveBeenCalledTimes(1)
  })

  const down = (): never => {
    throw new Error('down')
  }

  test.each<[string, TicketStore]>([
    ['refuses', { get: async () => down(), set: async () => down() }],
    ['throws', { get: down, set: down }],
    ['does not promise anything', { get: () => undefined, set: () => {} }],
  ])('a store that %s is as good as none', async (_what, store) => {
    expect(await instance(store).get(keyOf('alice'), async () => ticketOf('alice'))).toBeDefined()
    // A rejection that nobody handles would be found here, and fail the run.
    await new Promise((resolve) => setImmediate(resolve))
  })

  test('a store that never answers keeps nobody waiting for long', async () => {
    const never = (): Promise<never> => new Promise(() => {})
    const began = Date.now()
    const ticket = await instance({ get: never, set: never }).get(keyOf('alice'), async () => ticketOf('alice'))
    expect(ticket).toBeDefined()
    expect(Date.now() - began).toBeLessThan(2_000)
  })

  test('a secret that is too short is refused', () => {
    expect(() => new SealedTickets({ ...memoryStore(), secret: 'short' }, random)).toThrow(ConfigurationError)
  })
})

describe('a ticket that may only be so old', () => {
  const aged = () => {
    let now = 0
    const cache = new TicketCache({ now: () => now })
    const request = vi.fn(async () => ticketOf('alice', { startsAt: now }))
    return {
      cache,
      request,
      ask: (maxAge?: number) => cache.get(keyOf('alice'), request, { maxAge }),
      at: (then: number) => (now = then),
    }
  }

  test('is asked for again at that age, and not before', async () => {
    const { request, ask, at } = aged()
    const first = await ask(1_000)
    at(999)
    expect(await ask(1_000)).toBe(first)
    at(1_000)
    const second = await ask(1_000)
    expect(second).not.toBe(first)
    expect(request).toHaveBeenCalledTimes(2)
    at(1_900)
    expect(await ask(1_000)).toBe(second)
    expect(await ask()).toBe(second)
  })

  test('is measured from when it was asked for, and not from the answer', async () => {
    let now = 0
    let answer = (_ticket: ServiceTicket): void => {}
    const cache = new TicketCache({ now: () => now })
    const slow = () => new Promise<ServiceTicket>((resolve) => (answer = resolve))
    const waiting = cache.get(keyOf('alice'), slow, { maxAge: 1_000 })
    await vi.waitFor(() => expect(answer).not.toThrow())
    now = 900
    answer(ticketOf('alice'))
    const first = await waiting
    now = 999
    expect(await cache.get(keyOf('alice'), async () => ticketOf('alice'), { maxAge: 1_000 })).toBe(first)
    now = 1_000
    expect(await cache.get(keyOf('alice'), async () => ticketOf('alice'), { maxAge: 1_000 })).not.toBe(first)
  })

  test('0 asks always, and joins no question that was asked before', async () => {
    const cache = new TicketCache({ now: () => 0 })
    const answers: ((ticket: ServiceTicket) => void)[] = []
    const request = () => new Promise<ServiceTicket>((resolve) => answers.push(resolve))
    const asked = [0, 0, undefined].map((maxAge) => cache.get(keyOf('alice'), request, { maxAge }))
    await vi.waitFor(() => expect(answers.length).toBe(2))
    const [old, newer] = [ticketOf('alice'), ticketOf('alice')]
    answers[1](newer)
    answers[0](old)
    expect(await Promise.all(asked)).toEqual([old, newer, newer])
  })

  test('an answer that comes late does not replace that to a later question', async () => {
    let now = 0
    const cache = new TicketCache({ now: () => now })
    let answer = (_ticket: ServiceTicket): void => {}
    const late = cache.get(keyOf('alice'), () => new Promise((resolve) => (answer = resolve)))
    await new Promise((resolve) => setImmediate(resolve))
    now = 10
    const newer = await cache.get(keyOf('alice'), async () => ticketOf('alice'), { maxAge: 0 })
    answer(ticketOf('alice'))
    await late
    expect(await cache.get(keyOf('alice'), () => expect.unreachable())).toBe(newer)
  })

  test('a refusal takes the ticket that was there before with it', async () => {
    const { cache, ask, at } = aged()
    await ask()
    at(1_000)
    const refuse = async (): Promise<never> => Promise.reject(refusal())
    await expect(cache.get(keyOf('alice'), refuse, { maxAge: 1_000 })).rejects.toThrow('BADOPTION')
    await expect(ask()).rejects.toThrow('BADOPTION')
    await expect(ask(0)).resolves.toBeDefined()
  })

  test('a KDC that cannot be reached leaves what is there to who has not asked for newer', async () => {
    const { cache, ask, at } = aged()
    const first = await ask()
    at(1_000)
    const unreachable = async (): Promise<never> => Promise.reject(new KdcUnreachableError('AD.TEST', []))
    await expect(cache.get(keyOf('alice'), unreachable, { maxAge: 1_000 })).rejects.toThrow(KdcUnreachableError)
    expect(await ask()).toBe(first)
  })
})

describe('what is under way when all is forgotten', () => {
  test('ends with whoever waits for it, and is not kept; whoever comes then has another asked for', async () => {
    const cache = new TicketCache({ now: () => 0 })
    let end: (ticket: ServiceTicket) => void = () => {}
    const before = ticketOf('alice')
    const waiting = cache.get(keyOf('alice'), () => new Promise((resolve) => (end = resolve)))
    cache.clear()
    const after = ticketOf('alice')
    expect(await cache.get(keyOf('alice'), async () => after)).toBe(after)
    end(before)
    expect(await waiting).toBe(before)
    expect(await cache.get(keyOf('alice'), async () => ticketOf('alice'))).toBe(after)
  })

  test('is not kept where it is refused', async () => {
    const cache = new TicketCache({ now: () => 0 })
    let refuse: (error: Error) => void = () => {}
    const waiting = cache.get(keyOf('alice'), () => new Promise((_, reject) => (refuse = reject)))
    await new Promise((resolve) => setImmediate(resolve))
    cache.clear()
    refuse(refusal())
    await expect(waiting).rejects.toMatchObject({ code: 'KDC_ERR_BADOPTION' })
    const ticket = ticketOf('alice')
    expect(await cache.get(keyOf('alice'), async () => ticket)).toBe(ticket)
  })
})
