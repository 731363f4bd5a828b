import type { TicketStore } from '@s4u/kdc-client'
import { deepEqual, equal } from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { StoreRule } from './replay-store-rules.js'

/**
 * Returns what a ticket store must do. It may lose what it holds at any time, and may reject: the
 * tickets come from the KDC then. It must never return something else than was stored.
 *
 * @param openInstance returns the store as one instance of a service has it
 */
export function ticketStoreRules(openInstance: () => TicketStore): readonly StoreRule[] {
  return Object.entries(TICKET_RULES).map(([name, check]) => ({ name, check: () => check(openInstance) }))
}

type Check = (openInstance: () => TicketStore) => Promise<void>

const nameOf = (): string => `s4u:${randomBytes(32).toString('base64url')}`
const read = async (store: TicketStore, name: string): Promise<Uint8Array | undefined> => {
  const found = await store.get(name)
  return found && Uint8Array.from(found)
}

const TICKET_RULES: Readonly<Record<string, Check>> = {
  'a name under which nothing was stored has no value': async (openInstance) => {
    equal(await openInstance().get(nameOf()), undefined)
  },
  'a value that one instance has stored is found by another, octet by octet': async (openInstance) => {
    const name = nameOf()
    const value = Uint8Array.from({ length: 4_096 }, (_, at) => (at * 7) % 256)
    await openInstance().set(name, value, 60_000)
    deepEqual(await read(openInstance(), name), value)
  },
  'names are kept apart, and the last value of a name counts': async (openInstance) => {
    const [store, one, other] = [openInstance(), nameOf(), nameOf()]
    await store.set(one, Uint8Array.of(1), 60_000)
    await store.set(other, Uint8Array.of(2), 60_000)
    await store.set(one, Uint8Array.of(3), 60_000)
    deepEqual([await read(store, one), await read(store, other)], [Uint8Array.of(3), Uint8Array.of(2)])
  },
  'a value is stored as it was at the call, also when it is a part of a larger buffer': async (openInstance) => {
    const [store, name, buffer] = [openInstance(), nameOf(), Buffer.from('--ticket--')]
    const stored = store.set(name, buffer.subarray(2, 8), 60_000)
    await stored
    buffer.fill(0)
    deepEqual(await read(store, name), Uint8Array.from(Buffer.from('ticket')))
  },
  'a value is gone when its lifetime is over': async (openInstance) => {
    const [store, name] = [openInstance(), nameOf()]
    await store.set(name, Uint8Array.of(1), 150.5)
    await sleep(400)
    equal(await store.get(name), undefined)
  },
  'a value of 64 KiB is stored whole': async (openInstance) => {
    const [store, name, value] = [openInstance(), nameOf(), Uint8Array.from(randomBytes(65_536))]
    await store.set(name, value, 60_000)
    deepEqual(await read(store, name), value)
  },
  'a lease, where the store has leases, is given to one of many, until it is released or its time is over': async (
    openInstance,
  ) => {
    const [one, other, name] = [openInstance(), openInstance(), nameOf()]
    if (one.lease === undefined || other.lease === undefined) return
    const leases = [one, other, one, other].map(async (store) => store.lease?.(name, 60_000))
    deepEqual(
      (await Promise.all(leases)).filter((isHeld) => isHeld),
      [true],
    )
    await one.release?.(name)
    equal(await other.lease(name, 150), true)
    equal(await one.lease(name, 150), false)
    await sleep(300)
    equal(await one.lease(name, 60_000), true)
  },
}
