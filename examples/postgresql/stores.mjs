/**
 * Stores that instances of a service share, on PostgreSQL: what `docs/stores.md` asks of a store,
 * shown on a database that decides by a unique key. `pool` is a `Pool` of npm's `pg`.
 */

/** The tables; to be run once. */
export const TABLES = `
create unlogged table if not exists s4u_replay (digest bytea primary key, expires_at timestamptz not null);
create index if not exists s4u_replay_expiry on s4u_replay (expires_at);
create unlogged table if not exists s4u_ticket (name text collate "C" primary key, value bytea not null, expires_at timestamptz not null);
create unlogged table if not exists s4u_lease (name text collate "C" primary key, expires_at timestamptz not null);
`

/**
 * A replay store: the key decides in one statement which of two instances was first. An unlogged
 * table is empty after a crash, and a standby has none, so what was made before the start of the
 * server is not judged.
 * @param {import('pg').Pool} pool
 * @returns {import('@s4u/acceptor').ReplayStore}
 */
export function postgresReplayStore(pool) {
  return {
    async remember(digest, expiresAt, issuedAt = Infinity) {
      const { rows } = await pool.query({
        name: 's4u-remember',
        text: `
          with taken as (
            insert into s4u_replay values ($1, to_timestamp($2 / 1000.0)) on conflict do nothing returning 1)
          select (select count(*) from taken) as taken,
            extract(epoch from pg_postmaster_start_time()) * 1000 as started`,
        values: [Buffer.from(digest), Math.ceil(expiresAt)],
      })
      const [{ taken, started }] = rows
      if (issuedAt <= Number(started))
        throw new Error('the database has started since, and may have forgotten the token')
      return taken === '1' ? 'fresh' : 'seen'
    },
  }
}

/**
 * A ticket store, with leases.
 * @param {import('pg').Pool} pool
 * @returns {import('@s4u/kdc-client').TicketStore &
 * Required<Pick<import('@s4u/kdc-client').TicketStore, 'lease'>>}
 */
export function postgresTicketStore(pool) {
  return {
    async get(name) {
      const { rows } = await pool.query('select value from s4u_ticket where name = $1 and expires_at > now()', [name])
      return rows[0]?.value
    },
    async set(name, value, lifetime) {
      await pool.query(
        `insert into s4u_ticket values ($1, $2, now() + $3 * interval '1 millisecond')
          on conflict (name) do update set value = excluded.value, expires_at = excluded.expires_at`,
        [name, Buffer.from(value), lifetime],
      )
    },
    async lease(name, lifetime) {
      // A lease that has ended is taken over by the same statement that would make a new one.
      const { rowCount } = await pool.query(
        `insert into s4u_lease values ($1, now() + $2 * interval '1 millisecond')
          on conflict (name) do update set expires_at = excluded.expires_at where s4u_lease.expires_at <= now()`,
        [name, lifetime],
      )
      return rowCount === 1
    },
    async release(name) {
      await pool.query('delete from s4u_lease where name = $1', [name])
    },
  }
}

/**
 * Deletes what has ended; to be run every minute or so, on one instance or on all. A digest stays
 * ten minutes longer, in case the clock of the database is ahead.
 * @param {import('pg').Pool} pool
 */
export async function removeEnded(pool) {
  await pool.query(`delete from s4u_replay where expires_at < now() - interval '10 minutes'`)
  await pool.query('delete from s4u_ticket where expires_at < now()')
  await pool.query('delete from s4u_lease where expires_at < now()')
}
