import { closeOptions, ConfigurationError, DEFAULT_ETYPES, platformRandom } from '@s4u/krb5'
import { Client } from './client.js'
import { authorityOf } from './credentials.js'
import { KDC_CLIENT_OPTIONS, type KdcClient, type KdcClientOptions } from './kdc-client.js'
import { KdcClock } from './kdc-exchange.js'
import { namesKdcsOf, transportFor } from './kdc-source.js'
import { Krb5Configuration } from './krb5-configuration.js'

/**
 * Checks its options at once; the network is not used before the first ticket.
 * @throws ConfigurationError S4U_UNKNOWN_OPTION among others, MissingKeyError
 */
export function createKdcClient(given: KdcClientOptions): KdcClient {
  const options = closeOptions('createKdcClient', given, KDC_CLIENT_OPTIONS)
  if (options.credentials === undefined) throw noCredentials()
  const { now = Date.now, encryptionTypes: etypes = DEFAULT_ETYPES, random = platformRandom } = options
  const configuration = new Krb5Configuration(options.krb5Config ?? process.env.KRB5_CONFIG, now)
  // A caller who names the KDCs does not mean the files of this machine, unless they are named as well.
  const conf = options.kdc === undefined || options.krb5Config !== undefined ? configuration : undefined
  const realms = { realm: options.realm, defaultRealm: conf?.conf.defaultRealm }
  const authority = authorityOf(options.credentials, realms, etypes)
  const transport = transportFor({ ...options, configuration, now })
  const mayFollow = options.mayFollow ?? namesKdcsOf({ kdc: options.kdc, configuration })
  const clock = new KdcClock(now)
  return new Client({
    context: { transport, clock, random, etypes, pac: options.pac, canonicalize: options.canonicalize, mayFollow },
    authority,
    conf,
    domains: options.domains,
    cache: options.cache ?? {},
  })
}

function noCredentials(): ConfigurationError {
  return new ConfigurationError('createKdcClient: credentials are missing', {
    hint: "Say who asks: credentials: { principal: 'svc-web@AD.TEST', keytab: 'web.keytab' }, { principal, password } or { ccache: true }.",
  })
}
