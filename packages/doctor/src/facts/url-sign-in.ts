import { createInitiator, type Initiator, tlsServerEndPoint } from '@s4u/gssapi'
import type { ServiceTicket } from '@s4u/kdc-client'
import { parsePrincipal } from '@s4u/krb5'
import type { HttpAnswer } from '../observing/http-probe.js'
import type { ServiceFacts } from './service-facts.js'

/** What came of a sign-in at the URL. */
export interface SignInAnswer {
  readonly response: HttpAnswer
  /** What the service's proof is to be handed to. */
  readonly initiator: Initiator
}

export interface SignInOptions {
  readonly signal: AbortSignal
  /** Leaves the channel bindings out that a browser sends over TLS. */
  readonly withoutBindings?: boolean
}

/**
 * Signs in at the URL with a fresh token: as the user where one is named, else as the service
 * itself.
 */
export async function signIn(
  facts: ServiceFacts,
  { signal, withoutBindings = false }: SignInOptions,
): Promise<SignInAnswer> {
  const ticket = await (facts.options.as === undefined ? facts.ownTicket() : ticketOfUser(facts))
  const { certificate } = withoutBindings ? {} : await facts.ask({}, signal)
  const channelBindings = certificate && tlsServerEndPoint(certificate)
  const initiator = createInitiator({ ticket, now: facts.now(), channelBindings })
  return { initiator, response: await facts.ask({ authorization: initiator.authorization }, signal) }
}

/**
 * The ticket in the name of the user, under the name by which a browser asks for the service. KDCs
 * make it out to the account; that name stands outside of what the KDC has sealed, and the key is
 * the same.
 */
async function ticketOfUser(facts: ServiceFacts): Promise<ServiceTicket> {
  const [ticket, service] = await Promise.all([facts.userTicket(), facts.service()])
  const { name } = parsePrincipal(service, { realm: ticket.service.realm })
  return { ...ticket, ticket: { ...ticket.ticket, sname: name } }
}
