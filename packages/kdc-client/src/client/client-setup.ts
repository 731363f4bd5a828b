import { formatPrincipal, journalFor, platformRandom, requireLogger } from '@s4u/krb5'
import { requireMilliseconds, requireNumbers, requireText } from '../arguments/option-checks.js'
import { configuredExchanges, LONGEST_LIFETIME } from '../configuration/exchange-settings.js'
import { configuredNetwork } from '../configuration/network-settings.js'
import type { Krb5Configuration } from '../configuration/krb5-configuration.js'
import { type Authority, authorityOf } from '../credentials/credentials.js'
import { namedCredentials } from '../credentials/default-credentials.js'
import { tellNotice } from '../events/events.js'
import { KdcClock } from '../exchange/kdc-clock.js'
import type { KdcContext } from '../exchange/kdc-context.js'
import type { ArmorUse } from '../fast/armor-use.js'
import { connectionsOf } from '../locate/kdc-connections.js'
import type { KdcLocation } from '../locate/kdc-location.js'
import type { KdcTransport } from '../network/transport.js'
import { armorOfOptions } from './armor-options.js'
import type { KdcClientOptions } from './kdc-client-options.js'
import { tellUnread } from './unread-settings.js'

/** What the options of a client lead to: its identity, and how it asks KDCs. */
export interface ClientSetup {
  readonly context: KdcContext
  readonly authority: Authority
  /** The krb5.conf of this machine; undefined if the option `kdc` replaces it. */
  readonly conf: Krb5Configuration | undefined
  /** How sign-in is armored. */
  readonly armor: ArmorUse
  /** Sends requests to password servers. */
  readonly kpasswd: KdcTransport
}

export type ClientSetupOptions = Omit<KdcClientOptions, 'cache'> & { readonly kpasswd?: KdcLocation }

/**
 * Checks the options of a client and reads its credentials. No network.
 *
 * @throws ConfigurationError, MissingKeyError
 */
export function setUpClient(options: ClientSetupOptions, signal?: AbortSignal): ClientSetup {
  const { credentials, now = Date.now, random = platformRandom } = options
  if (options.encryptionTypes !== undefined) requireNumbers('encryptionTypes', options.encryptionTypes)
  requireText('realm', options.realm)
  requireText('shownAs', options.shownAs)
  requireMilliseconds('lifetime', options.lifetime, 1_000, LONGEST_LIFETIME)
  requireMilliseconds('renewableFor', options.renewableFor, 1_000, LONGEST_LIFETIME)
  requireLogger(options.logger)
  const { transport, kpasswd, conf, configuration, namesKdcsOf } = connectionsOf(options)
  const realms = { realm: options.realm, defaultRealm: conf?.conf.defaultRealm }
  const exchanges = configuredExchanges(options, conf?.conf)
  // Each request reads these settings again. A mistake in them is reported here, before any
  // request.
  if (conf !== undefined) configuredNetwork(conf.conf)
  const authority = authorityOf(namedCredentials(credentials, configuration), realms, exchanges.signInEtypes)
  const place = {
    // Anybody can type a password, so such sign-ins wait apart from requests with proven keys.
    kind: 'password' in credentials || 'otp' in credentials ? 'password' : 'service',
    user: formatPrincipal(authority.principal),
  } as const
  const journal = journalFor(options.logger)
  if (authority.notice) tellNotice(authority.notice, journal)
  tellUnread(conf?.conf, journal)
  const { pac, mayFollow = namesKdcsOf, domains, shownAs } = options
  const otherSpelling = (realm: string): string | undefined => conf?.otherSpelling(realm)
  const clock = new KdcClock(now)
  const asked = { pac, mayFollow, ...exchanges, ...(shownAs !== undefined && { shownAs }) }
  const context = { transport, clock, random, otherSpelling, ...asked, place, journal }
  const armored = { context, authority, conf, domains, cache: {}, realms, configuration, now }
  const armor = armorOfOptions(options, armored)
  return { context: signal ? { ...context, signal } : context, authority, conf, armor, kpasswd }
}
