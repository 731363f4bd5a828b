/** Tickets as credential caches have them, and as values of this package. */

import type { CachedCredential } from '@s4u/krb5'
import type { ServiceTicket } from './service-ticket.js'

export function ticketOf(credential: CachedCredential): ServiceTicket {
  const { client, server, ticket, key, flags, authtime, starttime, endtime, renewTill } = credential
  return Object.freeze({
    client,
    service: server,
    ticket,
    sessionKey: key,
    flags,
    authenticatedAt: authtime,
    startsAt: starttime || authtime,
    expiresAt: endtime,
    ...(renewTill > 0 && { renewableUntil: renewTill }),
  })
}

/**
 * For a credential cache: `cache.store(credentialOf(await client.ticketFor('HTTP/api.ad.test')))`.
 */
export function credentialOf(ticket: ServiceTicket): CachedCredential {
  const { client, service, sessionKey, flags, authenticatedAt, startsAt, expiresAt, renewableUntil = 0 } = ticket
  return {
    client,
    server: service,
    key: sessionKey,
    authtime: authenticatedAt,
    starttime: startsAt,
    endtime: expiresAt,
    renewTill: renewableUntil,
    isSkey: false,
    flags,
    addresses: [],
    authorizationData: [],
    ticket: ticket.ticket,
    secondTicket: new Uint8Array(0),
  }
}
