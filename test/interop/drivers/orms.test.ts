import { PrismaPg } from '@prisma/adapter-pg'
import { parsePrincipal } from '@s4u/krb5'
import { createNegotiator, type Impersonation } from '@s4u/negotiate'
import { type Caller, ConnectionsPerIdentity, type ContextSource, postgresSocket, postgresStream } from '@s4u/sasl'
import { sql } from 'drizzle-orm'
import { drizzle as drizzleOnPg } from 'drizzle-orm/node-postgres'
import { pgTable, text } from 'drizzle-orm/pg-core'
import { drizzle as drizzleOnPostgres } from 'drizzle-orm/postgres-js'
import { Pool } from 'pg'
import postgresClient from 'postgres'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openOrders, ordersOf } from '../../../examples/drivers/postgresql.mjs'
import { realmOf } from '../../realms/clients.js'
import { describeRealms } from '../../realms/suite.js'
import { type Postgres, startPostgres } from '../peers/postgresql.js'

/**
 * What is built on the drivers of PostgreSQL, as it is: Drizzle, and the driver adapter of Prisma.
 */
const ORDERS = [
  'create table orders (owner name, item text)',
  `insert into orders values ('alice', 'tea'), ('bob', 'nails'), ('alice', 'cake')`,
  'grant select, insert on orders to alice, bob',
  'alter table orders enable row level security',
  'create policy own on orders using (owner = current_user)',
]
const orders = pgTable('orders', { owner: text(), item: text() })

await describeRealms('what is built on drivers of PostgreSQL, as the caller', ['EAST', 'postgresql'], (info) => {
  const { services, name: realm, kdc } = realmOf(info, 'EAST')
  const host = `${info.block}.65`
  const service = services.db.spn
  const negotiator = createNegotiator({
    keytab: services.web.keytab,
    kdc: `${kdc.host}:${kdc.port}`,
    delegation: { protocolTransition: true },
  })
  let postgres: Postgres
  beforeAll(async () => {
    postgres = await startPostgres({
      ...{ address: host, realm, keytab: services.db.keytab, krb5Config: info.krb5Config, roles: ['alice', 'bob'] },
      statements: { enc: ORDERS },
    })
  })
  afterAll(async () => {
    negotiator[Symbol.dispose]()
    await postgres?.[Symbol.asyncDispose]()
  })

  const as = async (user: string): Promise<Impersonation> =>
    (await negotiator.identityFor(`${user}@${realm}`)).impersonate()
  const poolOf = (caller: ContextSource): Pool => {
    const [user] = caller.principal.split('@')
    const stream = postgresStream({ as: caller, service })
    return new Pool({ host, port: postgres.port, database: 'enc', user, max: 2, stream })
  }
  const pools = (): ConnectionsPerIdentity<Pool> =>
    new ConnectionsPerIdentity({ service, open: poolOf, close: (pool) => pool.end() })

  /** What each caller sees, when all of them ask at once over pools that are kept apart. */
  async function seenBy<T>(names: readonly string[], ask: (pool: Pool) => Promise<T>): Promise<T[]> {
    await using connections = pools()
    const callers = await Promise.all(names.map(as))
    return await Promise.all(callers.map((caller) => connections.use(caller, ask)))
  }

  test('Drizzle on pg: each user sees its own rows, also within a transaction', async () => {
    const items = (pool: Pool) =>
      drizzleOnPg(pool).transaction(async (transaction) => {
        const rows = await transaction.select().from(orders).orderBy(orders.item)
        const who = await transaction.execute(sql`select current_user::text as name`)
        return [who.rows[0].name, ...rows.map(({ item }) => item)]
      })
    const [ofAlice, ofBob] = [
      ['alice', 'cake', 'tea'],
      ['bob', 'nails'],
    ]
    expect(await seenBy(['alice', 'bob', 'alice'], items)).toEqual([ofAlice, ofBob, ofAlice])
  })

  test('Drizzle on pg: a row of somebody else is not written', async () => {
    const write = (pool: Pool) => drizzleOnPg(pool).insert(orders).values({ owner: 'bob', item: 'saws' })
    await expect(seenBy(['alice'], write)).rejects.toMatchObject({ cause: { code: '42501' } })
  })

  test('Drizzle on postgres: each user sees its own rows', async () => {
    const seen = await Promise.all(
      ['alice', 'bob'].map(async (user) => {
        const socket = postgresSocket({ as: await as(user), service })
        const client = postgresClient(Object({ host, port: postgres.port, database: 'enc', user, max: 1, socket }))
        const rows = await drizzleOnPostgres(client).select().from(orders).orderBy(orders.item)
        await client.end()
        return rows.map(({ item }) => item)
      }),
    )
    expect(seen).toEqual([['cake', 'tea'], ['nails']])
  })

  test('the driver adapter of Prisma: each user sees its own rows, also within a transaction', async () => {
    const items = async (pool: Pool) => {
      const adapter = await new PrismaPg(pool).connect()
      const query = { sql: 'select current_user::text, item from orders where item <> $1 order by item', args: ['tea'] }
      const typed = { ...query, argTypes: [{ scalarType: 'string', arity: 'scalar' }] } as const
      const outside = await adapter.queryRaw({ ...typed, args: [...typed.args], argTypes: [...typed.argTypes] })
      const transaction = await adapter.startTransaction()
      const inside = await transaction.queryRaw({ ...typed, args: [...typed.args], argTypes: [...typed.argTypes] })
      await transaction.commit()
      return [outside.rows, inside.rows]
    }
    const [ofAlice, ofBob] = [[['alice', 'cake']], [['bob', 'nails']]]
    expect(await seenBy(['alice', 'bob'], items)).toEqual([
      [ofAlice, ofAlice],
      [ofBob, ofBob],
    ])
  })

  test('a user of another realm is not the one of ours with the same name', async () => {
    const before = postgres.log().length
    await using connections = openOrders({ host, port: postgres.port, database: 'enc', service, realm })
    const alice = await as('alice')
    const ticket = await alice.ticketFor(service)
    const foreign: Caller = {
      principal: 'alice@WEST.TEST',
      contextFor: (spn, options) => alice.contextFor(spn, options),
      ticketFor: async () => ({ ...ticket, client: parsePrincipal('alice@WEST.TEST') }),
    }
    await expect(ordersOf(connections, foreign)).rejects.toThrow('alice@WEST.TEST is not a user of EAST.TEST')
    expect(postgres.log().slice(before)).toBe('')
    expect(await ordersOf(connections, alice)).toHaveLength(2)
  })
})
