/** Converts between tickets and the entries of a credential cache. */

import type { CachedCredential } from '@s4u/krb5'
import type { ServiceTicket } from './service-ticket.js'

/** Returns an entry of a credential cache as a ticket. */
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
 * Returns a ticket as an entry of a credential cache.
 *
 * @example
 * ```ts
 * import { createKdcClient, credentialOf, openCredentialCache } from '@s4u/kdc-client'
 *
 * const client = createKdcClient({ credentials: { ccache: true } })
 * const cache = openCredentialCache('FILE:/run/user/1000/krb5cc')
 * await cache.store(credentialOf(await client.ticketFor('HTTP/api.ad.test')))
 * ```
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
