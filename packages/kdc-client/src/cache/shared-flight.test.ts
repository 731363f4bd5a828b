import { Key, kerberosFlags, TicketFlag } from '@s4u/krb5'
import { expect, test, vi } from 'vitest'
import { KdcError } from '../errors/kdc-errors.js'
import type { ServiceTicket } from '../tickets/service-ticket.js'
import { SealedTickets, type TicketStore } from './sealed-tickets.js'
import { TicketCache } from './ticket-cache.js'
import type { TicketKey } from './ticket-key.js'

/**
 * Instances of a service that need the same ticket at the same time, each with a cache of its own.
 */

const KEY: TicketKey = {
  kind: 's4u2proxy',
  client: 'web@AD.TEST',
  user: 'alice@AD.TEST',
  evidence: 'e',
  service: 'HTTP/api.ad.test@AD.TEST',
  etypes: [18],
}

function ticketFrom(instance: number): ServiceTicket {
  const sname = { nameType: 2, nameString: ['HTTP', 'api.ad.test'] }
  return Object.freeze({
    client: { name: { nameType: 1, nameString: ['alice'] }, realm: 'AD.TEST' },
    service: { name: sname, realm: 'AD.TEST' },
    ticket: { realm: 'AD.TEST', sname, encPart: { etype: 18, kvno: instance, cipher: new Uint8Array(100) } },
    sessionKey: Key.random(18),
    flags: kerberosFlags(TicketFlag.FORWARDABLE),
    authenticatedAt: 0,
    startsAt: 0,
    expiresAt: 3_600_000,
  })
}

/** A store in memory, with or without leases. */
function storeOf({ leases }: { readonly leases: boolean }): TicketStore {
  const values = new Map<string, Uint8Array>()
  const held = new Map<string, number>()
  const base: TicketStore = {
    get: async (name) => values.get(name),
    set: async (name, value) => void values.set(name, value),
  }
  if (!leases) return base
  return {
    ...base,
    async lease(name, lifetime) {
      if ((held.get(name) ?? 0) > performance.now()) return false
      held.set(name, performance.now() + lifetime)
      return true
    },
    release: (name) => void held.delete(name),
  }
}

function instancesOn(store: TicketStore, count: number, leaseFor?: number): readonly TicketCache[] {
  const options = { store, secret: 'x'.repeat(32), ...(leaseFor !== undefined && { leaseFor }) }
  return Array.from({ length: count }, () => {
    const shared = new SealedTickets(options, (length) => new Uint8Array(length))
    return new TicketCache({ now: () => 1_000, shared })
  })
}

const after = (milliseconds: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, milliseconds))

test('ten instances that start cold ask the KDC once', async () => {
  const request = vi.fn(async () => {
    await after(50)
    return ticketFrom(1)
  })
  const tickets = await Promise.all(instancesOn(storeOf({ leases: true }), 10).map((one) => one.get(KEY, request)))
  expect(request).toHaveBeenCalledTimes(1)
  expect(new Set(tickets.map(({ ticket }) => ticket.encPart.kvno))).toEqual(new Set([1]))
})

test('without leases each asks by itself', async () => {
  const request = vi.fn(async () => {
    await after(20)
    return ticketFrom(1)
  })
  await Promise.all(instancesOn(storeOf({ leases: false }), 3).map((one) => one.get(KEY, request)))
  expect(request).toHaveBeenCalledTimes(3)
})

test('an instance that dies with the lease delays the others no longer than the lease', async () => {
  const [dying, other] = instancesOn(storeOf({ leases: true }), 2)
  void dying.get(KEY, () => new Promise(() => {}))
  await after(5)
  const began = performance.now()
  const ticket = await other.get(KEY, async () => ticketFrom(2))
  expect(ticket.ticket.encPart.kvno).toBe(2)
  const took = performance.now() - began
  expect(took).toBeGreaterThan(1_000)
  expect(took).toBeLessThan(3_000)
})

test('a refusal ends the lease, and the others ask for themselves', async () => {
  const [refused, other] = instancesOn(storeOf({ leases: true }), 2)
  const first = refused.get(KEY, async () => {
    await after(20)
    throw new KdcError({ step: 'S4U2Proxy', account: 'web@AD.TEST', target: 'HTTP/api.ad.test', errorCode: 13 })
  })
  await after(5)
  const began = performance.now()
  const second = other.get(KEY, async () => ticketFrom(2))
  await expect(first).rejects.toThrow(KdcError)
  expect((await second).ticket.encPart.kvno).toBe(2)
  expect(performance.now() - began).toBeLessThan(1_000)
})

test.each([
  ['fails', async () => Promise.reject(new Error('down'))],
  ['hangs', () => new Promise<never>(() => {})],
])('a store whose lease %s holds nobody up', async (_, lease) => {
  const [instance] = instancesOn({ ...storeOf({ leases: true }), lease }, 1)
  const began = performance.now()
  await instance.get(KEY, async () => ticketFrom(1))
  expect(performance.now() - began).toBeLessThan(900)
})

test('a store that hangs is waited for once, and not for the lease too', async () => {
  const never = (): Promise<never> => new Promise(() => {})
  const lease = vi.fn(never)
  const [instance] = instancesOn({ get: never, set: never, lease }, 1)
  await instance.get(KEY, async () => ticketFrom(1))
  expect(lease).not.toHaveBeenCalled()
})

test('who asks for a fresh ticket waits for nobody', async () => {
  const [busy, other] = instancesOn(storeOf({ leases: true }), 2)
  void busy.get(KEY, () => new Promise(() => {}))
  await after(5)
  const began = performance.now()
  await other.get(KEY, async () => ticketFrom(2), { fresh: true })
  expect(performance.now() - began).toBeLessThan(1_400)
})

test('an instance that looked just before the ticket was stored, and leases just after, does not ask again', async () => {
  const store = storeOf({ leases: true })
  const [first, other] = instancesOn(store, 2)
  let isFirst = true
  const late: TicketStore = {
    ...store,
    async lease(name, lifetime) {
      // Between the look and the lease of this instance, the other one has its whole exchange.
      if (isFirst) {
        isFirst = false
        await first.get(KEY, async () => ticketFrom(1))
        await vi.waitFor(async () => expect(await store.lease?.(name, 1)).toBe(true))
        await store.release?.(name)
      }
      return store.lease?.(name, lifetime) ?? true
    },
  }
  const [between] = instancesOn(late, 1)
  const request = vi.fn(async () => ticketFrom(2))
  expect((await between.get(KEY, request)).ticket.encPart.kvno).toBe(1)
  expect(request).not.toHaveBeenCalled()
  // The lease that was not needed is given back.
  expect((await other.get({ ...KEY, evidence: 'other' }, async () => ticketFrom(3))).ticket.encPart.kvno).toBe(3)
})

test('the lease is released when the others can find the ticket, and not before', async () => {
  const steps: string[] = []
  let stored = (): void => {}
  const store: TicketStore = {
    get: async () => undefined,
    set: () => new Promise((resolve) => (stored = () => (steps.push('stored'), resolve()))),
    lease: async () => true,
    release: async () => void steps.push('released'),
  }
  const [instance] = instancesOn(store, 1)
  await instance.get(KEY, async () => ticketFrom(1))
  await after(5)
  expect(steps).toEqual([])
  stored()
  await vi.waitFor(() => expect(steps).toEqual(['stored', 'released']))
})

test('a lease that has ended meanwhile is another’s, and is not released', async () => {
  const release = vi.fn()
  const [instance] = instancesOn({ ...storeOf({ leases: true }), release }, 1, 100)
  await instance.get(KEY, async () => {
    await after(130)
    return ticketFrom(1)
  })
  await after(5)
  expect(release).not.toHaveBeenCalled()
})

test('others wait as long as the app says', async () => {
  const store = storeOf({ leases: true })
  const [dying, other] = instancesOn(store, 2, 100)
  void dying.get(KEY, () => new Promise(() => {}))
  await after(5)
  const began = performance.now()
  expect((await other.get(KEY, async () => ticketFrom(2))).ticket.encPart.kvno).toBe(2)
  expect(performance.now() - began).toBeLessThan(1_000)
})

test.each([99, 60_001, Number.NaN, '1500', null])('a lease of %s is refused', (leaseFor) => {
  const options = { store: storeOf({ leases: true }), secret: 'x'.repeat(32), leaseFor: leaseFor as number }
  expect(() => new SealedTickets(options, (length) => new Uint8Array(length))).toThrow(
    'leaseFor of the shared ticket cache must be a number of milliseconds from 100 to 60000',
  )
})
