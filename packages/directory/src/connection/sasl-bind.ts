/** Signs in to a server with a ticket: SASL GSS-SPNEGO or GSSAPI, sealed, or bound to TLS. */

import { ContextFlag, createInitiator, type InitiatorStep, type SecurityContext, tlsServerEndPoint } from '@s4u/gssapi'
import { RejectedTokenError } from '@s4u/krb5'
import type { ServiceTicket } from '@s4u/kdc-client'
import { Operation } from '../ldap/response.js'
import { ResultCode } from '../ldap/result-code.js'
import { saslBindRequest, type SaslMechanism } from '../ldap/sasl-bind-request.js'
import type { Answer, LdapConnection } from './ldap-connection.js'
import { MAX_FRAME_OCTETS, SaslLayer } from './sasl-layer.js'

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
  const { certificate } = connection
  const { REPLAY, SEQUENCE, CONF, INTEG } = ContextFlag
  const initiator = createInitiator({
    ticket: request.ticket,
    now: request.now,
    framing: request.mechanism === 'GSSAPI' ? 'krb5' : 'spnego',
    flags: REPLAY | SEQUENCE | (certificate === undefined ? CONF | INTEG : 0),
    ...(certificate !== undefined && { channelBindings: tlsServerEndPoint(certificate) }),
  })
  const first = await leg(connection, request, initiator.token)
  if (isRefusal(first)) return first
  const finish = request.mechanism === 'GSSAPI' ? finishGssapi : finishSpnego
  return finish(connection, request, initiator.step(first.credentials), first)
}

/** MS-ADTS section 5.1.1.1.2: the flags of the context decide what protects the rest. */
async function finishSpnego(
  connection: LdapConnection,
  request: BindRequest,
  begun: InitiatorStep,
  first: Answer,
): Promise<Answer> {
  let [step, answer] = [begun, first]
  if (step.token !== undefined) {
    answer = await leg(connection, request, step.token)
    if (isRefusal(answer)) return answer
    if (step.status === 'continue') step = step.step(answer.credentials)
  }
  if (step.status !== 'established' || answer.result.code !== ResultCode.SUCCESS) throw unfinished()
  protect(connection, step.context)
  return answer
}

const NO_LAYER = 1
const SEAL = 4
const NOTHING: Uint8Array = new Uint8Array(0)

/** RFC 4752 section 3.1: the server offers layers, and one is chosen, both in signed messages. */
async function finishGssapi(connection: LdapConnection, request: BindRequest, step: InitiatorStep): Promise<Answer> {
  if (step.status !== 'established') throw unfinished()
  const { context } = step
  const second = await leg(connection, request, NOTHING)
  if (isRefusal(second)) return second
  const offer = context.unwrap(second.credentials ?? NOTHING)
  if (offer.length !== OFFER_OCTETS) throw refused(`offered its layers in ${offer.length} octets instead of 4`)
  const layer = connection.certificate === undefined ? SEAL : NO_LAYER
  if ((offer[0] & layer) === 0) throw refused(layer === SEAL ? 'does not seal' : 'wants a layer of SASL within TLS')
  const own = layer === SEAL ? MAX_FRAME_OCTETS : 0
  const choice = Uint8Array.of(layer, own >> 16, (own >> 8) & 0xff, own & 0xff)
  const last = await leg(connection, request, context.wrap(choice, { confidential: false }))
  if (isRefusal(last)) return last
  if (last.result.code !== ResultCode.SUCCESS) throw unfinished()
  protect(connection, context, (offer[1] << 16) | (offer[2] << 8) | offer[3])
  return last
}

const OFFER_OCTETS = 4

function protect(connection: LdapConnection, context: SecurityContext, peerLimit?: number): void {
  if (connection.certificate === undefined) connection.protect(new SaslLayer(context, peerLimit))
  else connection.takeLongMessages()
}

function leg(connection: LdapConnection, { mechanism, signal }: BindRequest, token: Uint8Array): Promise<Answer> {
  return connection.exchange((id) => saslBindRequest(id, mechanism, token), Operation.BIND, signal)
}

function isRefusal({ result: { code } }: Answer): boolean {
  return code !== ResultCode.SUCCESS && code !== ResultCode.SASL_BIND_IN_PROGRESS
}

function unfinished(): RejectedTokenError {
  return refused('ended the sign-in before it was complete')
}

function refused(what: string): RejectedTokenError {
  return new RejectedTokenError(`the server ${what}`, {
    code: 'strongerAuthRequired',
    status: 502,
    hint: 'What is asked of the directory goes over a sealed connection only. Let the server seal (SASL minssf), or use TLS: protection: "starttls".',
  })
}
