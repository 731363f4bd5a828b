import { closeOptions, ConfigurationError } from '@s4u/krb5'
import { bindMethods } from '../arguments/bound-methods.js'
import { requireDomains, requireMilliseconds } from '../arguments/option-checks.js'
import { CALL_CHECKS } from './call-checks.js'
import { Client } from './client.js'
import { setUpClient } from './client-setup.js'
import type { KdcClient } from './kdc-client.js'
import { type CacheOptions, KDC_CLIENT_OPTIONS, type KdcClientOptions } from './kdc-client-options.js'

/**
 * The longest time for which a refusal is remembered; milliseconds. Nothing authenticates a
 * KRB-ERROR, so an attacker who forges one stops requests for this long only.
 */
const MAX_REFUSED_FOR = 60_000

/**
 * Returns a client that requests tickets from KDCs. It checks its options at once, and uses no
 * network before the first ticket is requested.
 *
 * @throws ConfigurationError (S4U_UNKNOWN_OPTION among others), MissingKeyError
 *
 * @example
 * ```ts
 * import { createKdcClient } from '@s4u/kdc-client'
 *
 * const client = createKdcClient({
 *   kdc: 'dc1.ad.test',
 *   credentials: { principal: 'svc-web@AD.TEST', keytab: '/etc/web.keytab' },
 * })
 * const ticket = await client.ticketFor('HTTP/api.ad.test')
 * console.log(new Date(ticket.expiresAt))
 * ```
 */
export function createKdcClient(given: KdcClientOptions): KdcClient {
  const options = closeOptions('createKdcClient', given, KDC_CLIENT_OPTIONS)
  if (options.credentials === undefined) throw noCredentials()
  requireDomains(options.domains)
  const { context, authority, conf, armor } = setUpClient(options)
  const cache = checkedCache(options.cache)
  const client: KdcClient = new Client({ context, authority, conf, domains: options.domains, cache, armor })
  return bindMethods(client, CALL_CHECKS, ['explain', 'how'])
}

function noCredentials(): ConfigurationError {
  return new ConfigurationError('createKdcClient: credentials are missing', {
    hint: "Say who asks: credentials: { principal: 'svc-web@AD.TEST', keytab: 'web.keytab' }, { principal, password } or { ccache: true }.",
  })
}

function checkedCache(cache: CacheOptions = {}): CacheOptions {
  requireMilliseconds('cache.refusedFor', cache.refusedFor, 0, MAX_REFUSED_FOR)
  return cache
}
