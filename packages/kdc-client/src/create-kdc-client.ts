import { DEFAULT_ETYPES, platformRandom } from '@s4u/krb5'
import { Client } from './client.js'
import { authorityOf } from './credentials.js'
import type { KdcClient, KdcClientOptions } from './kdc-client.js'
import { KdcClock } from './kdc-exchange.js'
import { transportFor } from './kdc-source.js'
import { Krb5Configuration } from './krb5-configuration.js'

/** Checks its options at once; the network is not used before the first ticket. @throws ConfigurationError, MissingKeyError */
export function createKdcClient(options: KdcClientOptions): KdcClient {
  const { now = Date.now, encryptionTypes: etypes = DEFAULT_ETYPES, random = platformRandom } = options
  const configuration = new Krb5Configuration(options.krb5Config ?? process.env.KRB5_CONFIG, now)
  // A caller who names the KDCs does not mean the files of this machine, unless they are named as well.
  const conf = options.kdc === undefined || options.krb5Config !== undefined ? configuration : undefined
  const realms = { realm: options.realm, defaultRealm: conf?.conf.defaultRealm }
  const authority = authorityOf(options.credentials, realms, etypes)
  const transport = transportFor({ ...options, configuration, now })
  const clock = new KdcClock(now)
  return new Client({
    context: { transport, clock, random, etypes, pac: options.pac, canonicalize: options.canonicalize },
    authority,
    conf,
    domains: options.domains,
    cache: options.cache ?? {},
  })
}
