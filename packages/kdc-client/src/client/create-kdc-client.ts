import { closeOptions, ConfigurationError } from '@s4u/krb5'
import { askerOf } from './client-setup.js'
import { bindMethods } from '../arguments/bound-methods.js'
import { CALL_CHECKS } from './call-checks.js'
import { Client } from './client.js'
import { type CacheOptions, KDC_CLIENT_OPTIONS, type KdcClient, type KdcClientOptions } from './kdc-client.js'
import { requireDomains, requireMilliseconds } from '../arguments/option-checks.js'

/** A KDC's no is a KRB-ERROR, which nobody signs: whoever forges one must not gain more than this; milliseconds. */
const MAX_REFUSED_FOR = 60_000

/**
 * Checks its options at once; the network is not used before the first ticket.
 * @throws ConfigurationError S4U_UNKNOWN_OPTION among others, MissingKeyError
 */
export function createKdcClient(given: KdcClientOptions): KdcClient {
  const options = closeOptions('createKdcClient', given, KDC_CLIENT_OPTIONS)
  if (options.credentials === undefined) throw noCredentials()
  requireDomains(options.domains)
  const { context, authority, conf, armor } = askerOf(options)
  const cache = checkedCache(options.cache)
  const client: KdcClient = new Client({ context, authority, conf, domains: options.domains, cache, armor })
  return bindMethods(client, CALL_CHECKS, ['how'])
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
