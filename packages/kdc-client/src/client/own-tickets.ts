/** Tickets in the service's own name. */

import { KdcOption, requireKnownOptions } from '@s4u/krb5'
import { ticketInCcache } from '../cache/ticket-in-ccache.js'
import { fingerprintOf } from '../cache/ticket-key.js'
import {
  OWN_TICKET_OPTIONS,
  type OwnTicketOptions,
  TICKET_OPTIONS,
  type TicketOptions,
} from '../cache/ticket-options.js'
import type { CacheMiss } from '../events/events.js'
import { requestTicketThroughReferrals } from '../tgs-exchange/referral.js'
import { requestTicket } from '../tgs-exchange/tgs-exchange.js'
import { RENEWAL } from '../tgs-exchange/ticket-renewal.js'
import type { Tgt } from '../tickets/granting-ticket.js'
import type { ServiceTarget } from '../tickets/service-target.js'
import type { ServiceTicket } from '../tickets/service-ticket.js'
import { cacheKeyBase, type ClientSession } from './client-session.js'

/** Returns a ticket for a service, or with `userToUser` one for the holder of that ticket. */
export async function ownTicketFor(
  session: ClientSession,
  spn: string,
  given?: OwnTicketOptions,
): Promise<ServiceTicket> {
  const { userToUser, ...options } = requireKnownOptions('ticketFor', given, OWN_TICKET_OPTIONS)
  const service = session.targets.read(spn)
  if (userToUser) return userToUserTicket(session, service, userToUser, options)
  const key = { ...cacheKeyBase(session, 'own'), service: service.text } as const
  const ask = async (signal: AbortSignal, cache: CacheMiss): Promise<ServiceTicket> =>
    (await inCcache(session, service, cache, options)) ??
    session.exchanges.run(
      subjectOf(service, cache),
      signal,
      (context, tgt) => requestTicketThroughReferrals(context, { tgt, service, client: tgt.client }),
      () => session.trusted.tgtFor(service.realm, signal),
    )
  return session.own.get(key, ask, options)
}

/**
 * Returns a ticket for a service that has no key at hand: the KDC seals it with the session key of
 * the service's ticket-granting ticket. Source: RFC 4120 section 3.7.
 */
function userToUserTicket(
  session: ClientSession,
  service: ServiceTarget,
  userToUser: NonNullable<OwnTicketOptions['userToUser']>,
  caching: TicketOptions,
): Promise<ServiceTicket> {
  const options = [KdcOption.ENC_TKT_IN_SKEY]
  const key = { ...cacheKeyBase(session, 'own'), service: service.text, options, userToUser: fingerprintOf(userToUser) }
  const request = { sname: service.name, options, additionalTickets: [userToUser] }
  const ask = (signal: AbortSignal, cache: CacheMiss): Promise<ServiceTicket> =>
    session.exchanges.run(subjectOf(service, cache), signal, (context, tgt) =>
      requestTicket(context, { ...request, tgt, expectedClient: tgt.client }),
    )
  return session.own.get(key, ask, caching)
}

/**
 * Returns a ticket-granting ticket that can be handed to a service. Source: RFC 4120 section 3.3.3,
 * "FORWARDED".
 *
 * @param method the name of the method in errors
 */
export async function tgtToForward(
  session: ClientSession,
  given?: TicketOptions,
  method = 'tgtToForward',
): Promise<Tgt> {
  const caching = requireKnownOptions(method, given, TICKET_OPTIONS)
  const { self, exchanges, own } = session
  const target = `krbtgt/${self.realm}`
  const options = [KdcOption.FORWARDED]
  const key = { ...cacheKeyBase(session, 'own'), service: `${target}@${self.realm}`, options }
  const ask = (signal: AbortSignal, cache: CacheMiss): Promise<Tgt> =>
    exchanges.run({ step: 'TGS', target, cache }, signal, (context, tgt) =>
      requestTicket(context, { tgt, sname: tgt.service.name, options, expectedClient: tgt.client }),
    )
  return own.get(key, ask, caching)
}

/**
 * Returns the ticket-granting ticket, renewed by the KDC: with the same end of renewals, and
 * another end. Source: RFC 4120 section 3.3.3, "RENEW".
 */
export function renewedTgt({ self, exchanges }: ClientSession, signal: AbortSignal): Promise<Tgt> {
  const subject = { step: 'TGS', target: `krbtgt/${self.realm}`, cache: 'miss' } as const
  return exchanges.run(subject, signal, (context, tgt) =>
    requestTicket(context, { tgt, sname: tgt.service.name, options: RENEWAL, expectedClient: tgt.client }),
  )
}

function subjectOf({ asked }: ServiceTarget, cache: CacheMiss) {
  return { step: 'TGS', target: asked, cache } as const
}

function inCcache(
  { authority, context }: ClientSession,
  service: ServiceTarget,
  cache: CacheMiss,
  options: TicketOptions,
): Promise<ServiceTicket | undefined> {
  const { etypes, clock } = context
  return ticketInCcache(authority, { service, etypes, now: clock.now(), cache, options })
}
