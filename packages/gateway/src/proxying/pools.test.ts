import { Agent as SecureAgent } from 'node:https'
import { afterEach, expect, test } from 'vitest'
import { createPools, type Pools } from './pools.js'

const member = (href: string) => ({ url: new URL(href), name: new URL(href).host })
const ORDERS = member('http://orders.ad.test')
const VAULT = member('https://vault.ad.test')

const ALICE = { kind: 'user', principal: 'alice@AD.TEST' } as const
const BOB = { kind: 'user', principal: 'bob@AD.TEST' } as const
const NOBODY = { kind: 'nobody' } as const

const open: Pools[] = []
afterEach(() => open.splice(0).forEach((pools) => pools.close()))

function poolsThat(keep: 'shared' | 'user'): Pools {
  const pools = createPools({ connections: { keep }, tls: undefined })
  open.push(pools)
  return pools
}

test('users share the connections to a member, and nobody shares them with requests of no user', () => {
  const pools = poolsThat('shared')
  expect(pools.agentFor(ORDERS, ALICE)).toBe(pools.agentFor(ORDERS, BOB))
  expect(pools.agentFor(ORDERS, NOBODY)).not.toBe(pools.agentFor(ORDERS, ALICE))
  expect(pools.agentFor(VAULT, ALICE)).not.toBe(pools.agentFor(ORDERS, ALICE))
})

test('a member that remembers who authenticated gets own connections of each user from then on', () => {
  const pools = poolsThat('shared')
  const shared = pools.agentFor(ORDERS, ALICE)
  pools.keepApart(ORDERS)
  const [alice, bob] = [pools.agentFor(ORDERS, ALICE), pools.agentFor(ORDERS, BOB)]
  expect(new Set([shared, alice, bob, pools.agentFor(ORDERS, NOBODY)]).size).toBe(4)
  expect(pools.agentFor(ORDERS, ALICE)).toBe(alice)
  expect(pools.agentFor(VAULT, ALICE)).toBe(pools.agentFor(VAULT, BOB))
})

test('users have own connections from the beginning where the site says so', () => {
  const pools = poolsThat('user')
  expect(pools.agentFor(ORDERS, ALICE)).not.toBe(pools.agentFor(ORDERS, BOB))
})

test('over TLS a member must show the certificate of its own name, whatever the header Host says', () => {
  const agent = poolsThat('shared').agentFor(VAULT, ALICE)
  expect(agent).toBeInstanceOf(SecureAgent)
  expect(Reflect.get(agent, 'options')).toMatchObject({ servername: 'vault.ad.test' })
})
