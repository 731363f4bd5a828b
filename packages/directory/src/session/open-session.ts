import { type KdcClient } from '@s4u/kdc-client'
import { RejectedTokenError } from '@s4u/krb5'
import { ExtendedRequest } from 'ldapts'
import type { Controller } from '../controllers/controller.js'
import { LdapConnection } from '../connection/ldap-connection.js'
import { LdapTransport, type TransportTrust } from '../connection/ldap-transport.js'
import { saslBind } from '../connection/sasl-bind.js'
import type { SaslMechanism } from '../ldap/sasl-bind-request.js'
import { Operation } from '../ldap/response.js'
import { ResultCode } from '../ldap/result-code.js'
import { refusalOf } from './refusal.js'
import { readRootDse, type RootDse } from './root-dse.js'

/** What opening takes, whatever the controller. */
export interface SessionMeans {
  readonly client: Pick<KdcClient, 'ticketFor'>
  readonly mechanism: SaslMechanism | undefined
  readonly trust: TransportTrust
  readonly now: () => number
  /** The addresses of a host. */
  readonly resolve: (host: string, signal: AbortSignal) => Promise<readonly string[]>
}

/** A connection to a controller that has been signed in to. */
export interface Session {
  readonly controller: Controller
  readonly connection: LdapConnection
  readonly rootDse: RootDse
  /** When the ticket ends, and what was agreed upon with it; milliseconds since the epoch. */
  readonly expiresAt: number
}

/**
 * Connects, signs in and reads what the server says about itself.
 * @throws DirectoryError, RejectedTokenError, MalformedTokenError, and whatever the network or the
 * KDC says
 */
export async function openSession(controller: Controller, means: SessionMeans, signal: AbortSignal): Promise<Session> {
  const ticket = await means.client.ticketFor(controller.service, { signal })
  const connection = await connectTo(controller, means, signal)
  try {
    await signIn(connection, controller, means, ticket, signal)
    const rootDse = await readRootDse(connection, controller.label, signal)
    return { controller, connection, rootDse, expiresAt: ticket.expiresAt }
  } catch (error) {
    connection.close(error instanceof Error ? error : undefined)
    throw error
  }
}

/** Each address in turn. */
async function connectTo(controller: Controller, means: SessionMeans, signal: AbortSignal): Promise<LdapConnection> {
  const { host, port } = controller
  const addresses = controller.address === undefined ? await means.resolve(host, signal) : [controller.address]
  let failure: unknown = new Error(`${host} has no address`)
  for (const address of addresses) {
    try {
      const transport = await LdapTransport.open({ host, address, port }, signal)
      const connection = new LdapConnection(transport)
      return await secured(connection, controller, means.trust, signal)
    } catch (error) {
      if (signal.aborted) throw error
      failure = error
    }
  }
  throw failure
}

const START_TLS = '1.3.6.1.4.1.1466.20037'

async function secured(
  connection: LdapConnection,
  { protection, label }: Controller,
  trust: TransportTrust,
  signal: AbortSignal,
): Promise<LdapConnection> {
  try {
    if (protection === 'sealed') return connection
    if (protection === 'starttls') {
      const write = (messageId: number): Uint8Array => new ExtendedRequest({ messageId, oid: START_TLS }).write()
      const answer = await connection.exchange(write, Operation.EXTENDED, signal)
      if (answer.result.code !== ResultCode.SUCCESS) throw refusalOf('startTls', answer, label)
    }
    await connection.startTls(trust, signal)
    return connection
  } catch (error) {
    connection.close()
    throw error
  }
}

type Ticket = Awaited<ReturnType<KdcClient['ticketFor']>>

/** GSS-SPNEGO first: older controllers note each GSSAPI bind as an unsigned one (event 2889). */
async function signIn(
  connection: LdapConnection,
  { label }: Controller,
  { mechanism, now }: SessionMeans,
  ticket: Ticket,
  signal: AbortSignal,
): Promise<void> {
  let answer = await saslBind(connection, { ticket, mechanism: mechanism ?? 'GSS-SPNEGO', now, signal })
  if (mechanism === undefined && answer.result.code === ResultCode.AUTH_METHOD_NOT_SUPPORTED) {
    answer = await saslBind(connection, { ticket, mechanism: 'GSSAPI', now, signal })
  }
  if (answer.result.code !== ResultCode.SUCCESS) throw refusalOf('bind', answer, label)
  if (connection.isEncrypted) return
  throw new RejectedTokenError('the connection is not encrypted after the sign-in', {
    code: 'confidentialityRequired',
    status: 502,
  })
}
