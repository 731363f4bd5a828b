import { randomBytes } from 'node:crypto'
import type { Pool } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { postgresReplayStore, postgresTicketStore, removeEnded, TABLES } from '../../examples/postgresql/stores.mjs'
import { describeRealms } from '../realms/suite.js'
import { type PostgresServer, startPostgresServer } from './postgres-server.js'
import { replayStoreRules } from './replay-store-rules.js'
import { ticketStoreRules } from './ticket-store-rules.js'

/** The example of a store on another database, held to the rules for all stores. */
await describeRealms('the stores of the example on PostgreSQL', ['postgresql'], () => {
  let server: PostgresServer
  const pools: Pool[] = []
  let next = 0
  const pool = (): Pool => pools[next++ % 2]
  beforeAll(async () => {
    server = await startPostgresServer()
    pools.push(server.openPool(), server.openPool())
    await pool().query(TABLES)
  })
  afterAll(() => server?.[Symbol.asyncDispose]())

  describe('replays', () => {
    for (const { name, check } of replayStoreRules(() => postgresReplayStore(pool()))) test(name, check)

    test('what was made before the server started is not judged, since it may have been forgotten', async () => {
      const store = postgresReplayStore(pool())
      const before = Date.now() - 3_600_000
      await expect(Promise.resolve(store.remember(randomBytes(32), Date.now() + 60_000, before))).rejects.toThrow(
        'the database has started since, and may have forgotten the token',
      )
    })

    test('what has ended is removed, ten minutes later', async () => {
      const store = postgresReplayStore(pool())
      await store.remember(randomBytes(32), Date.now() - 700_000)
      await store.remember(randomBytes(32), Date.now() - 60_000)
      const count = async (): Promise<number> =>
        Number((await pool().query('select count(*) from s4u_replay')).rows[0].count)
      const before = await count()
      await removeEnded(pool())
      expect(await count()).toBe(before - 1)
    })
  })

  describe('tickets', () => {
    for (const { name, check } of ticketStoreRules(() => postgresTicketStore(pool()))) test(name, check)
  })
})
