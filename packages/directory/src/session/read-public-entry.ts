import { PresenceFilter, SearchRequest } from 'ldapts'
import { LdapConnection } from '../connection/ldap-connection.js'
import { LdapTransport } from '../connection/ldap-transport.js'
import { withDeadline } from '../deadline.js'
import type { DirectoryEntry } from '../ldap/directory-entry.js'
import { Operation } from '../ldap/response.js'
import { ResultCode } from '../ldap/result-code.js'
import { refusalOf } from './refusal.js'

/** Which entry is read, and within which limits. */
export interface PublicEntryOptions {
  readonly host: string
  /** Default: 389, with `tls` 636. */
  readonly port?: number
  /**
   * Whether the connection is TLS from its first octet, to a server whose certificate Node trusts.
   */
  readonly tls?: boolean
  /** The distinguished name. */
  readonly dn: string
  readonly attributes: readonly string[]
  /** Milliseconds, connection and answer together. */
  readonly timeLimit: number
  /** Octets of the answer; a longer one is refused, before it is kept. */
  readonly maxOctets: number
  readonly signal?: AbortSignal
}

/**
 * Reads one entry of a directory that shows it to everybody, without a sign-in: what authorities
 * publish. Nothing proves that the answer is the server's, so believe only what is signed in it.
 * References to other servers are not followed.
 *
 * ```ts
 * import { readPublicEntry } from '@s4u/directory'
 *
 * const dn = 'CN=Issuing CA,CN=CDP,DC=corp,DC=test'
 * const attributes = ['certificateRevocationList']
 * const limits = { timeLimit: 5_000, maxOctets: 16 << 20 }
 * const entry = await readPublicEntry({ host: 'pki.corp.test', dn, attributes, ...limits })
 * console.log(entry?.names)
 * ```
 *
 * @returns undefined where there is no such entry
 * @throws DirectoryError where the server says no; RejectedTokenError for more octets than the
 * limit; and what the network says
 */
export function readPublicEntry(options: PublicEntryOptions): Promise<DirectoryEntry | undefined> {
  return withDeadline(options.timeLimit, options.signal, async (signal) => {
    const connection = await connect(options, signal)
    try {
      return await readEntry(connection, options, signal)
    } finally {
      connection.close()
    }
  })
}

async function connect(
  { host, tls = false, port = tls ? 636 : 389 }: PublicEntryOptions,
  signal: AbortSignal,
): Promise<LdapConnection> {
  const connection = new LdapConnection(await LdapTransport.open({ host, address: host, port }, signal))
  if (!tls) return connection
  try {
    await connection.startTls({}, signal)
    return connection
  } catch (error) {
    connection.close()
    throw error
  }
}

async function readEntry(
  connection: LdapConnection,
  { host, dn, attributes, maxOctets }: PublicEntryOptions,
  signal: AbortSignal,
): Promise<DirectoryEntry | undefined> {
  const write = (messageId: number): Uint8Array =>
    new SearchRequest({
      ...{ messageId, baseDN: dn, scope: 'base', attributes: [...attributes], sizeLimit: 1, timeLimit: 0 },
      filter: new PresenceFilter({ attribute: 'objectClass' }),
    }).write()
  connection.allowLongMessages()
  const answer = await connection.exchange(write, Operation.SEARCH_DONE, signal, { entries: 1, octets: maxOctets })
  if (answer.result.code === ResultCode.NO_SUCH_OBJECT) return undefined
  if (answer.result.code !== ResultCode.SUCCESS) throw refusalOf('search', answer, host)
  return answer.entries[0]
}
