/** Signs in to a server with a ticket: SASL GSS-SPNEGO or GSSAPI, sealed, or bound to TLS. */

import { createInitiator, tlsServerEndPoint } from '@s4u/gssapi'
import { RejectedTokenError } from '@s4u/krb5'
import type { ServiceTicket } from '@s4u/kdc-client'
import { createSaslClient, type SaslClient, saslContextOptions } from '@s4u/sasl'
import { Operation } from '../ldap/response.js'
import { ResultCode } from '../ldap/result-code.js'
import { saslBindRequest, type SaslMechanism } from '../ldap/sasl-bind-request.js'
import type { Answer, LdapConnection } from './ldap-connection.js'

/** The longest sealed frame that is taken, as OpenLDAP and Active Directory do too. Octets. */
const MAX_FRAME_OCTETS = 0xff_ffff

export interface BindRequest {
  readonly ticket: ServiceTicket
  readonly mechanism: SaslMechanism
  readonly now: () => number
  readonly signal: AbortSignal
}

/**
 * Signs in to the server. Without TLS, everything after the bind is sealed. Within TLS, Active
 * Directory refuses a security layer of SASL; there the ticket is bound to the certificate, so that
 * an attacker between client and server cannot use it. Resolves to the server's answer if the
 * server refuses.
 * @throws RejectedTokenError where the server does not prove itself, or would not seal
 */
export async function saslBind(connection: LdapConnection, request: BindRequest): Promise<Answer> {
  const client = begin(connection, request)
  let step = client.step()
  let answer = await leg(connection, request, step.response)
  while (answer.result.code === ResultCode.SASL_BIND_IN_PROGRESS && step.status === 'continue') {
    step = taken(client, answer.credentials)
    // The last token of SPNEGO may come with the success, and then nothing is sent any more.
    if (step.response !== undefined) answer = await leg(connection, request, step.response)
  }
  if (isRefusal(answer)) return answer
  if (step.status === 'continue') {
    step = taken(client, answer.credentials)
    // The server has already answered the last time, so a token that is still to be sent cannot
    // reach it: the sign-in is unfinished.
    if (step.response !== undefined) throw unfinished()
  }
  if (step.status !== 'complete' || answer.result.code !== ResultCode.SUCCESS) throw unfinished()
  if (client.layer === undefined) connection.allowLongMessages()
  else connection.protect(client.layer)
  return answer
}

/** MS-ADTS section 5.1.1.1.2, RFC 4752. */
function begin({ certificate }: LdapConnection, { ticket, mechanism, now }: BindRequest): SaslClient {
  const protection = certificate === undefined ? 'confidentiality' : 'none'
  const initiator = createInitiator({
    ticket,
    now,
    ...saslContextOptions(mechanism, protection),
    ...(certificate !== undefined && { channelBindings: tlsServerEndPoint(certificate) }),
  })
  return createSaslClient({ mechanism, initiator, protection, maxOctets: MAX_FRAME_OCTETS })
}

/**
 * A server that offers no sealing is refused: what is asked of it would cross the network in clear.
 */
function taken(client: SaslClient, credentials: Uint8Array | undefined): ReturnType<SaslClient['step']> {
  try {
    return client.step(credentials)
  } catch (error) {
    if (!(error instanceof RejectedTokenError) || error.code !== 'GSS_S_BAD_QOP') throw error
    throw refused(error.message, error)
  }
}

function leg(
  connection: LdapConnection,
  { mechanism, signal }: BindRequest,
  token: Uint8Array | undefined,
): Promise<Answer> {
  return connection.exchange((id) => saslBindRequest(id, mechanism, token), Operation.BIND, signal)
}

function isRefusal({ result: { code } }: Answer): boolean {
  return code !== ResultCode.SUCCESS && code !== ResultCode.SASL_BIND_IN_PROGRESS
}

function unfinished(): RejectedTokenError {
  return refused('the server ended the sign-in before it was complete')
}

function refused(message: string, cause?: Error): RejectedTokenError {
  return new RejectedTokenError(message, {
    code: 'strongerAuthRequired',
    status: 502,
    hint: 'What is asked of the directory goes over a sealed connection only. Let the server seal (SASL minssf), or use TLS: protection: "starttls".',
    cause,
  })
}
