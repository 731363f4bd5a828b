/**
 * Asks PostgreSQL as the user who called, with npm's `pg`: without a password, encrypted with the
 * keys of the ticket. Each user has a small pool of its own.
 *
 * In pg_hba.conf: `hostgssenc orders all 0.0.0.0/0 gss include_realm=0 krb_realm=CORP.TEST`.
 * Rows are those that the user may see:
 * `create policy own on orders using (owner = current_user)`.
 */
import { ConnectionsPerIdentity, postgresStream } from '@s4u/sasl'
import { Pool } from 'pg'

/**
 * @param realm whose users have roles with their names: `CORP.TEST`
 * @param service the service principal name: `postgres/db.corp.test`
 */
export function openOrders({ host, port = 5432, database = 'orders', service = `postgres/${host}`, realm }) {
  return new ConnectionsPerIdentity({
    service,
    idleTimeout: 60_000,
    open: (as) => {
      const user = roleOf(as.principal, realm)
      const pool = new Pool({ host, port, database, user, max: 4, stream: postgresStream({ as, service }) })
      // A connection that breaks while nothing uses it is opened again when it is needed.
      pool.on('error', (error) => console.warn(`a connection of ${as.principal} has ended: ${error.message}`))
      return pool
    },
    close: (pool) => pool.end(),
  })
}

/**
 * In a handler: `using alice = req.identity.impersonate()`, then `ordersOf(orders, alice)`.
 * @param {import('@s4u/negotiate').Impersonation} caller
 */
export function ordersOf(orders, caller) {
  return orders.use(caller, async (pool) => (await pool.query('select owner, item from orders order by item')).rows)
}

/** The role is the name without the realm, so that another realm's alice must not become ours. */
function roleOf(principal, realm) {
  const at = principal.lastIndexOf('@')
  if (principal.slice(at + 1) === realm) return principal.slice(0, at)
  throw new Error(`${principal} is not a user of ${realm}`)
}
