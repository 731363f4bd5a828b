import { closeOptions, ConfigurationError, formatPrincipal, platformRandom, requireLogger } from '@s4u/krb5'
import { bindMethods } from './bound-methods.js'
import { CALL_CHECKS } from './call-checks.js'
import { Client } from './client.js'
import { clientArmorOf } from './client-armor.js'
import { configuredExchanges, configuredManner } from './configured-exchanges.js'
import { authorityOf } from './credentials.js'
import { namedCredentials } from './default-credentials.js'
import { tellNotice } from './events.js'
import { connectionsOf } from './kdc-connections.js'
import { type CacheOptions, KDC_CLIENT_OPTIONS, type KdcClient, type KdcClientOptions } from './kdc-client.js'
import { KdcClock } from './kdc-exchange.js'
import { journalFor } from './process-journal.js'
import { tellUnread } from './krb5-configuration.js'
import { requireDomains, requireMilliseconds, requireNumbers, requireText } from './option-checks.js'

/** A KDC's no is a KRB-ERROR, which nobody signs: whoever forges one must not gain more than this; milliseconds. */
const MAX_REFUSED_FOR = 60_000

/**
 * Checks its options at once; the network is not used before the first ticket.
 * @throws ConfigurationError S4U_UNKNOWN_OPTION among others, MissingKeyError
 */
export function createKdcClient(given: KdcClientOptions): KdcClient {
  const options = closeOptions('createKdcClient', given, KDC_CLIENT_OPTIONS)
  const { credentials, now = Date.now, random = platformRandom } = options
  if (credentials === undefined) throw noCredentials()
  if (options.encryptionTypes !== undefined) requireNumbers('encryptionTypes', options.encryptionTypes)
  requireText('realm', options.realm)
  requireLogger(options.logger)
  requireDomains(options.domains)
  const { transport, conf, configuration, namesKdcsOf } = connectionsOf(options)
  const realms = { realm: options.realm, defaultRealm: conf?.conf.defaultRealm }
  const exchanges = configuredExchanges(options, conf?.conf)
  // Read anew with each request; what is wrong with it must not wait for one.
  if (conf !== undefined) configuredManner(conf.conf)
  const authority = authorityOf(namedCredentials(credentials, configuration), realms, exchanges.signInEtypes)
  const place = {
    // Whoever types a password has not shown anything yet, and takes no turn from those who have.
    kind: 'password' in credentials || 'otp' in credentials ? 'password' : 'service',
    user: formatPrincipal(authority.principal),
  }
  const journal = journalFor(options.logger)
  if (authority.notice) tellNotice(authority.notice, journal)
  tellUnread(conf?.conf, journal)
  const { pac, mayFollow = namesKdcsOf, domains } = options
  const otherSpelling = (realm: string): string | undefined => conf?.otherSpelling(realm)
  const asked = { random, pac, mayFollow, otherSpelling, ...exchanges }
  const context = { transport, clock: new KdcClock(now), ...asked, place, journal }
  const parts = { context, authority, conf, domains, cache: checkedCache(options.cache) }
  const armor = clientArmorOf(options, { ...parts, realms, configuration, now })
  const client: KdcClient = new Client({ ...parts, armor })
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
