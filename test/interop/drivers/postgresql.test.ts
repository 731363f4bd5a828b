import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import { finished } from 'node:stream/promises'
import { createNegotiator, type Impersonation } from '@s4u/negotiate'
import { type PostgresStreamOptions, postgresSocket, postgresStream } from '@s4u/sasl'
import { Client, type ClientConfig, Pool } from 'pg'
import postgresClient from 'postgres'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openOrders, ordersOf } from '../../../examples/drivers/postgresql.mjs'
import { realmOf } from '../../realms/clients.js'
import { describeRealms } from '../../realms/suite.js'
import { CERTIFICATES } from '../../stories/certificates.js'
import { type Postgres, startPostgres } from '../peers/postgresql.js'

/**
 * The drivers `pg` and `postgres`, as they are, against PostgreSQL; the web server asks as its
 * users.
 */
const WHO =
  'select current_user as name, gss_authenticated, principal, encrypted from pg_stat_gssapi where pid = pg_backend_pid()'

const ORDERS = [
  'create table orders (owner name, item text)',
  `insert into orders values ('alice', 'tea'), ('bob', 'nails'), ('alice', 'cake')`,
  'grant select on orders to alice, bob',
  'alter table orders enable row level security',
  'create policy own on orders using (owner = current_user)',
  'create table copied (line text)',
  'grant insert, select on copied to alice',
]

await describeRealms('PostgreSQL drivers as the caller', ['EAST', 'postgresql'], (info) => {
  const { services, name: realm, kdc } = realmOf(info, 'EAST')
  const host = `${info.block}.62`
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
      databases: {
        secured: 'hostssl secured GSS',
        trusting: 'host trusting all 0.0.0.0/0 trust',
        password: 'host password all 0.0.0.0/0 scram-sha-256',
      },
      statements: { enc: ORDERS },
      certificate: CERTIFICATES[0],
    })
  })
  afterAll(async () => {
    negotiator[Symbol.dispose]()
    await postgres?.[Symbol.asyncDispose]()
  })

  const as = async (user: string): Promise<Impersonation> =>
    (await negotiator.identityFor(`${user}@${realm}`)).impersonate()

  async function optionsFor(user: string, options: Partial<PostgresStreamOptions> = {}): Promise<ClientConfig> {
    const stream = postgresStream({ as: await as(user), service, ...options })
    return { host, port: postgres.port, database: 'enc', user, stream }
  }

  /** One query on a connection of its own. */
  async function ask(sql: string, config: ClientConfig): Promise<unknown[]> {
    const client = new Client(config)
    // What the driver also emits is what the promise rejects with.
    client.on('error', () => {})
    try {
      await client.connect()
      return (await client.query(sql)).rows
    } finally {
      await client.end()
    }
  }

  test.each(['alice', 'bob'])('%s asks without a password, over an encrypted connection', async (user) => {
    const row = { name: user, gss_authenticated: true, principal: `${user}@${realm}`, encrypted: true }
    expect(await ask(WHO, await optionsFor(user))).toEqual([row])
  })

  test('each user sees its own rows, over pools that are kept apart', async () => {
    await using orders = openOrders({ host, port: postgres.port, database: 'enc', service, realm })
    const [alice, bob] = [await as('alice'), await as('bob')]
    const asked = [alice, bob, alice, bob, alice].map((caller) => ordersOf(orders, caller))
    const [ofAlice, ofBob] = [
      [
        { owner: 'alice', item: 'cake' },
        { owner: 'alice', item: 'tea' },
      ],
      [{ owner: 'bob', item: 'nails' }],
    ]
    expect(await Promise.all(asked)).toEqual([ofAlice, ofBob, ofAlice, ofBob, ofAlice])
    expect(orders.size).toBe(2)
    alice[Symbol.dispose]()
    await expect(ordersOf(orders, alice)).rejects.toMatchObject({ code: 'GSS_S_NO_CONTEXT' })
  })

  test('a pool opens connections as they are needed, also for a later request of the user', async () => {
    await using orders = openOrders({ host, port: postgres.port, database: 'enc', service, realm })
    const [first, second] = [await as('alice'), await as('alice')]
    await ordersOf(orders, first)
    first[Symbol.dispose]()
    const many = [1, 2, 3].map(() => orders.use(second, (pool) => pool.query('select pg_sleep(0.2)')))
    await Promise.all(many)
    expect(orders.size).toBe(1)
    expect(await orders.use(second, (pool) => pool.totalCount)).toBe(3)
  })

  test('long statements and long answers pass', async () => {
    const text = 'ä'.repeat(700_000)
    const sql = `select $1::text as same, repeat('x', 1000000) as long`
    const client = new Client(await optionsFor('alice'))
    await client.connect()
    const { rows } = await client.query(sql, [text])
    expect([rows[0].same === text, rows[0].long.length]).toEqual([true, 1_000_000])
    await client.end()
  })

  test('a query is cancelled over a connection of its own, which is encrypted too', async () => {
    const config = await optionsFor('alice')
    const client = new Client(config)
    await client.connect()
    const query = client.query('select pg_sleep(30)')
    // The statement is there when another connection sees it.
    const running = `select 1 from pg_stat_activity where query = 'select pg_sleep(30)'`
    await expect.poll(() => ask(running, config)).toHaveLength(1)
    const canceller = new Client(config)
    canceller.on('error', () => {})
    // `cancel` of pg takes the client, and the query that it is busy with.
    Object(canceller).cancel(client, Object(client)._activeQuery)
    await expect(query).rejects.toMatchObject({ code: '57014' })
    await client.end()
  })

  test('what the server says of a statement is the error', async () => {
    await expect(ask('select 1/0', await optionsFor('alice'))).rejects.toMatchObject({ code: '22012' })
  })

  test('nobody can be somebody else’s role', async () => {
    await expect(ask(WHO, { ...(await optionsFor('alice')), user: 'bob' })).rejects.toMatchObject({ code: '28000' })
  })

  test('the driver postgres asks as the caller too', async () => {
    const socket = postgresSocket({ as: await as('alice'), service })
    // Its types do not have the option, which its documentation has.
    const sql = postgresClient(Object({ host, port: postgres.port, database: 'enc', user: 'alice', max: 1, socket }))
    expect(await sql`select owner, item from orders order by item`).toEqual([
      { owner: 'alice', item: 'cake' },
      { owner: 'alice', item: 'tea' },
    ])
    await sql.end()
  })

  test('a COPY waits where the database is slower, and all of it arrives', async () => {
    const socketOf = postgresSocket({ as: await as('alice'), service })
    let stream: Duplex | undefined
    const socket = async (...given: Parameters<typeof socketOf>): Promise<Duplex> => (stream = await socketOf(...given))
    const sql = postgresClient(Object({ host, port: postgres.port, database: 'enc', user: 'alice', max: 1, socket }))
    const [lines, line] = [200, `${'x'.repeat(99_999)}\n`]
    let [most, waits] = [0, 0]
    const copy = await sql`copy copied from stdin`.writable()
    for (let count = 0; count < lines; count++) {
      if (!copy.write(line)) waits += await once(copy, 'drain').then(() => 1)
      most = Math.max(most, stream?.writableLength ?? Infinity)
    }
    copy.end()
    await finished(copy)
    expect(await sql`select count(*)::int, sum(length(line))::int from copied`).toEqual([
      { count: lines, sum: lines * (line.length - 1) },
    ])
    expect(waits).toBeGreaterThan(0)
    expect(most).toBeLessThan(10 * line.length)
    await sql.end()
  })

  describe('without encryption by the ticket', () => {
    test('the user is the same over TLS, and over a network that needs none', async () => {
      const { cert: ca } = CERTIFICATES[0]
      const tls = { ca, checkServerIdentity: () => undefined }
      const secured = { ...(await optionsFor('alice', { encryption: 'tls', tls })), database: 'secured' }
      const sql = `select current_user as name, gss.principal, ssl.ssl from pg_stat_gssapi gss join pg_stat_ssl ssl using (pid) where pid = pg_backend_pid()`
      expect(await ask(sql, secured)).toEqual([{ name: 'alice', principal: `alice@${realm}`, ssl: true }])
      const plain = { ...(await optionsFor('bob', { encryption: 'none' })), database: 'plain' }
      expect(await ask(WHO, plain)).toEqual([
        { name: 'bob', gss_authenticated: true, principal: `bob@${realm}`, encrypted: false },
      ])
    })

    test('a certificate that nobody vouches for ends the connection before the ticket is shown', async () => {
      const secured = { ...(await optionsFor('alice', { encryption: 'tls' })), database: 'secured' }
      await expect(ask(WHO, secured)).rejects.toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' })
    })

    test('a database that lets everybody in has not proven itself', async () => {
      const trusting = { ...(await optionsFor('alice', { encryption: 'none' })), database: 'trusting' }
      await expect(ask(WHO, trusting)).rejects.toMatchObject({ code: 'KRB_AP_ERR_MUT_FAIL', status: 502 })
    })
  })

  test('a database that asks for a password gets none', async () => {
    for (const encryption of ['gss', 'none'] as const) {
      const config = { ...(await optionsFor('alice', { encryption })), database: 'password', password: 'hunter2' }
      await expect(ask(WHO, config)).rejects.toMatchObject({
        name: 'RejectedTokenError',
        code: 'S4U_PASSWORD_ASKED',
        hint: expect.stringContaining('pg_hba.conf'),
      })
    }
  })

  test('a server that another name belongs to ends the connection, and the hint says where the reason is', async () => {
    const api = { ...(await optionsFor('alice', { service: services.api.spn })) }
    await expect(ask(WHO, api)).rejects.toMatchObject({
      code: 'GSS_S_FAILURE',
      hint: expect.stringContaining('krb_server_keyfile'),
    })
    expect(postgres.log()).toMatch(/could not accept GSSAPI security context|accepting GSS security context failed/)
  })

  test('a server that the app may not call as others is not connected to', async () => {
    const vault = await optionsFor('alice', { service: services.vault.spn })
    await expect(ask(WHO, vault)).rejects.toMatchObject({ name: 'DelegationRefusedError' })
  })

  test('sslmode of the driver is told as what it is', async () => {
    await expect(ask(WHO, { ...(await optionsFor('alice')), ssl: true })).rejects.toMatchObject({
      name: 'ConfigurationError',
      hint: expect.stringContaining('PGSSLMODE'),
    })
  })

  test('an address and a Unix socket have no service principal name', async () => {
    const stream = postgresStream({ as: await as('alice') })
    await expect(ask(WHO, { host, port: postgres.port, user: 'alice', stream })).rejects.toMatchObject({
      message: 'an address of the network has no service principal name',
    })
    await expect(ask(WHO, { host: '/tmp', user: 'alice', stream })).rejects.toMatchObject({
      message: 'PostgreSQL speaks no GSS-API over a Unix socket',
    })
  })

  test('a pool of pg takes the stream as well', async () => {
    const pool = new Pool({ ...(await optionsFor('alice')), max: 3 })
    const rows = await Promise.all(
      [1, 2, 3, 4, 5].map(async (n) => (await pool.query('select $1::int as n', [n])).rows[0].n),
    )
    expect(rows).toEqual([1, 2, 3, 4, 5])
    await pool.end()
  })
})
