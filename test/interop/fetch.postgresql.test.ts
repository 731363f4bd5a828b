import { createNegotiator } from '@s4u/negotiate'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { query } from '../../examples/postgresql/client.mjs'
import { realmOf } from '../realms/clients.js'
import { describeRealms } from '../realms/suite.js'
import { type Postgres, startPostgres } from './peers/postgresql.js'

/** What the server knows of the connection that asks. */
const WHO = 'select gss_authenticated, principal, encrypted from pg_stat_gssapi where pid = pg_backend_pid()'

await describeRealms('PostgreSQL as a user', ['EAST', 'postgresql'], (info) => {
  const { services, name: realm, kdc } = realmOf(info, 'EAST')
  const address = `${info.block}.61`
  const negotiator = createNegotiator({
    keytab: services.web.keytab,
    kdc: `${kdc.host}:${kdc.port}`,
    delegation: { protocolTransition: true },
  })
  let postgres: Postgres

  beforeAll(async () => {
    const { keytab } = services.db
    postgres = await startPostgres({ address, realm, keytab, krb5Config: info.krb5Config, roles: ['alice', 'bob'] })
  })
  afterAll(async () => {
    negotiator[Symbol.dispose]()
    await postgres?.[Symbol.asyncDispose]()
  })

  async function ask(user: string, sql: string, options: { encrypt?: boolean; role?: string } = {}) {
    const { encrypt = true, role = user } = options
    using caller = (await negotiator.identityFor(`${user}@${realm}`)).impersonate()
    const contextFor = caller.contextFor.bind(caller)
    const database = encrypt ? 'enc' : 'plain'
    const { port } = postgres
    return query({ contextFor, host: services.db.host, address, port, user: role, database, encrypt }, sql)
  }

  test.each(['alice', 'bob'])('%s signs in without a password, and GSS-API encrypts', async (user) => {
    expect(await ask(user, WHO)).toEqual([['t', `${user}@${realm}`, 't']])
  })

  test('without encryption the user is the same', async () => {
    expect(await ask('alice', WHO, { encrypt: false })).toEqual([['t', `alice@${realm}`, 'f']])
  })

  test('long answers come in many sealed messages', async () => {
    const rows = await ask('alice', "select n, repeat('x', 1000) from generate_series(1, 300) n")
    expect(rows).toHaveLength(300)
    expect(rows[299]).toEqual(['300', 'x'.repeat(1000)])
  })

  test('nobody can be somebody else’s role', async () => {
    await expect(ask('alice', WHO, { role: 'bob' })).rejects.toThrow(/GSSAPI authentication failed for user "bob"/)
  })

  test('nothing is not the empty string', async () => {
    expect(await ask('alice', "select null, '', 'ä'")).toEqual([[null, '', 'ä']])
  })

  test('what the database says is the error', async () => {
    await expect(ask('alice', 'select 1/0')).rejects.toThrow('division by zero')
  })
})
