import { ConfigurationError, type OptionTableOf, requireKnownOptions } from '@s4u/krb5'
import { SqlServerLogin } from './sql-server-login.js'
import type { SqlServerOptions } from './sql-server-options.js'
import { internalsOf } from './tedious-internals.js'

/** Every name in SqlServerOptions; others are refused. */
export const SQL_SERVER_OPTIONS = {
  as: 'value',
  service: 'function',
  channelBindings: 'function',
} as const satisfies OptionTableOf<SqlServerOptions>

/**
 * The option `authentication` of a connection of npm's `tedious`, by which it asks for integrated
 * security. No NTLM is ever sent: its messages are replaced, and their absence ends the connection.
 */
export const SQL_SERVER_AUTHENTICATION = Object.freeze({
  type: 'ntlm',
  options: Object.freeze({ domain: '', userName: '', password: '' }),
} as const)

/**
 * Returns a function that lets a connection of npm's `tedious` sign in as the caller, before it
 * connects. For npm's `mssql` it is the option `beforeConnect`, beside `domain: ''`, `user: ''` and
 * `password: ''`. The connection must be encrypted, and the server must prove itself.
 * @throws ConfigurationError
 * @example
 * ```ts
 * import { type ContextSource, SQL_SERVER_AUTHENTICATION, sqlServerAs } from '@s4u/sasl'
 *
 * declare class Connection {
 *   constructor(config: object)
 *   connect(done: (error?: Error) => void): void
 * }
 *
 * export function connect(caller: ContextSource, done: (error?: Error) => void): void {
 *   const config = { server: 'sql.ad.test', authentication: SQL_SERVER_AUTHENTICATION }
 *   const connection = new Connection(config)
 *   sqlServerAs({ as: caller })(connection)
 *   connection.connect(done)
 * }
 * ```
 */
export function sqlServerAs(given: SqlServerOptions): (connection: object) => void {
  const options = requireKnownOptions('sqlServerAs', given, SQL_SERVER_OPTIONS)
  if (typeof options.as?.contextFor !== 'function')
    throw new ConfigurationError('sqlServerAs: as is missing', {
      hint: 'Give the impersonation of the caller: sqlServerAs({ as: identity.impersonate() }).',
    })
  return (connection) => {
    const driver = internalsOf(connection)
    const login = new SqlServerLogin(driver, options)
    driver.performTlsNegotiation = (prelogin, signal) => login.negotiate(prelogin, signal)
    driver.sendLogin7Packet = () => login.send()
    driver.performSentLogin7WithNTLMLogin = (signal) => login.finish(signal)
  }
}
