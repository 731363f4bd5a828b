/**
 * Asks SQL Server as the user who called, with npm's `mssql` and `tedious`: integrated security
 * with the caller's ticket, within TLS. Each user has a small pool of its own.
 */
import { ConnectionsPerIdentity, sqlServerAs } from '@s4u/sasl'
import sql from 'mssql'

/** @param service the service principal name: `MSSQLSvc/sql.corp.test:1433` */
export function openSales({ server, port = 1433, database = 'sales', service, options = {} }) {
  return new ConnectionsPerIdentity({
    service: service ?? `MSSQLSvc/${server}:${port}`,
    open: async (as) => {
      const pool = new sql.ConnectionPool({
        server,
        port,
        database,
        // Integrated security: no name and no password.
        domain: '',
        user: '',
        password: '',
        beforeConnect: sqlServerAs({ as, ...(service && { service: () => service }) }),
        pool: { max: 4, min: 0 },
        options: { encrypt: true, ...options },
      })
      pool.on('error', (error) => console.warn(`a connection of ${as.principal} has ended: ${error.message}`))
      return pool.connect()
    },
    close: (pool) => pool.close(),
    isOpen: (pool) => pool.connected,
  })
}

/**
 * In a handler: `using alice = req.identity.impersonate()`, then `whoAmI(sales, alice)`.
 * @param {import('@s4u/negotiate').Impersonation} caller
 */
export function ask(sales, caller, statement) {
  return sales.use(caller, async (pool) => (await pool.request().batch(statement)).recordset)
}
