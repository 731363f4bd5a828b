import { formatPrincipal, platformRandom, requireLogger } from '@s4u/krb5'
import { clientArmorOf } from './client-armor.js'
import { configuredExchanges, configuredManner } from '../configuration/exchange-settings.js'
import { type Authority, authorityOf } from '../credentials/credentials.js'
import { namedCredentials } from '../credentials/default-credentials.js'
import type { KdcClientOptions } from './kdc-client.js'
import { tellNotice } from '../events/events.js'
import type { ArmorUse } from '../fast/armor-use.js'
import { connectionsOf } from '../locate/kdc-connections.js'
import { KdcClock } from '../exchange/kdc-clock.js'
import type { KdcContext } from '../exchange/kdc-context.js'
import type { KdcOption } from '../locate/kdc-location.js'
import type { Krb5Configuration } from '../configuration/krb5-configuration.js'
import { tellUnread } from './unread-settings.js'
import { journalFor } from '../events/process-journal.js'
import { requireNumbers, requireText } from '../arguments/option-checks.js'
import type { KdcTransport } from '../network/transport.js'

/** Who asks a KDC, and how it is asked. */
export interface Asker {
  readonly context: KdcContext
  readonly authority: Authority
  /** The krb5.conf of this machine, where the caller did not name the KDCs. */
  readonly conf: Krb5Configuration | undefined
  /** How sign-in is armored. */
  readonly armor: ArmorUse
  /** The way to the password servers. */
  readonly kpasswd: KdcTransport
}

/** What is said of who asks, and where. */
export type AskerOptions = Omit<KdcClientOptions, 'cache'> & { readonly kpasswd?: KdcOption }

/** Reads credentials once, and uses no network. @throws ConfigurationError, MissingKeyError */
export function askerOf(options: AskerOptions, signal?: AbortSignal): Asker {
  const { credentials, now = Date.now, random = platformRandom } = options
  if (options.encryptionTypes !== undefined) requireNumbers('encryptionTypes', options.encryptionTypes)
  requireText('realm', options.realm)
  requireLogger(options.logger)
  const { transport, kpasswd, conf, configuration, namesKdcsOf } = connectionsOf(options)
  const realms = { realm: options.realm, defaultRealm: conf?.conf.defaultRealm }
  const exchanges = configuredExchanges(options, conf?.conf)
  // Read anew with each request; what is wrong with it must not wait for one.
  if (conf !== undefined) configuredManner(conf.conf)
  const authority = authorityOf(namedCredentials(credentials, configuration), realms, exchanges.signInEtypes)
  const place = {
    // Whoever types a password has not shown anything yet, and takes no turn from those who have.
    kind: 'password' in credentials || 'otp' in credentials ? 'password' : 'service',
    user: formatPrincipal(authority.principal),
  } as const
  const journal = journalFor(options.logger)
  if (authority.notice) tellNotice(authority.notice, journal)
  tellUnread(conf?.conf, journal)
  const { pac, mayFollow = namesKdcsOf, domains } = options
  const otherSpelling = (realm: string): string | undefined => conf?.otherSpelling(realm)
  const asked = { random, pac, mayFollow, otherSpelling, ...exchanges }
  const asking = { transport, clock: new KdcClock(now), ...asked, place, journal }
  const armored = { context: asking, authority, conf, domains, cache: {}, realms, configuration, now }
  const armor = clientArmorOf(options, armored)
  return { context: signal ? { ...asking, signal } : asking, authority, conf, armor, kpasswd }
}
