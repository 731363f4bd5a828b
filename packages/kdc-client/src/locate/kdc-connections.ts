import { closeOptions, ConfigurationError, hintOfCopies, type OptionTableOf } from '@s4u/krb5'
import { configuredNetwork } from '../configuration/exchange-settings.js'
import type { DnsSource } from './dns-lookup.js'
import type { ProxyTrust } from '../configuration/http-anchors.js'
import { type KdcLocation, namesKdcsOf, transportFor } from './kdc-location.js'
import { Krb5Configuration } from '../configuration/krb5-configuration.js'
import { requireMilliseconds, requireText } from '../arguments/option-checks.js'
import { kpasswdTransportFor } from './kpasswd-location.js'
import type { KdcTransport } from '../network/transport.js'

/** Where the KDCs are, and how they are asked: the same as in the options of a client. */
export interface KdcConnectionsOptions {
  /**
   * KDC addresses, addresses by realm, or a transport of one's own. Default: KRB5_CONFIG or
   * /etc/krb5.conf, then DNS.
   */
  readonly kdc?: KdcLocation
  /**
   * The krb5.conf to read, several with a colon between them. Default: KRB5_CONFIG, and none where
   * `kdc` is given.
   */
  readonly krb5Config?: string
  /**
   * For one exchange with a KDC, failover and the wait in the queue included; milliseconds, default
   * request_timeout of krb5.conf, else 10,000. It holds for a `kdc` function too.
   */
  readonly timeLimit?: number
  /**
   * The password servers of `changePassword`, written as `kdc`; port 464 where none is said.
   * Default: the hosts of `kdc`, else those of krb5.conf (kpasswd_server, admin_server) and DNS
   * (_kpasswd).
   */
  readonly kpasswd?: KdcLocation
  /**
   * Certificates of the authorities that may vouch for an HTTPS proxy of KDCs, PEM. Default:
   * http_anchors, else Node's.
   */
  readonly proxyTrust?: ProxyTrust
  /** Milliseconds since the epoch. */
  readonly now?: () => number
  /** What answers instead of the system's resolver, for tests. */
  readonly dns?: DnsSource
}

/** Every name in KdcConnectionsOptions; others are refused. */
const KDC_CONNECTIONS_OPTIONS = {
  kdc: 'map',
  krb5Config: 'value',
  timeLimit: 'value',
  kpasswd: 'map',
  proxyTrust: 'value',
  now: 'function',
  dns: 'value',
} as const satisfies OptionTableOf<KdcConnectionsOptions>

/**
 * The way to the KDCs, which any number of clients may share: the sockets, the queue before each
 * realm, and what is known of KDCs that do not answer. Made by `createKdcConnections`.
 */
export interface KdcConnections extends Disposable {
  /** Closes the sockets that are open and idle. A client that is used later opens others. */
  close(): void
}

/**
 * One way to the KDCs for several clients, as for one that signs in with a keytab and many that
 * sign in with the passwords of users. However many clients ask at once, 16 requests are on their
 * way to a realm, and take turns by user. @throws ConfigurationError
 *
 * ```ts
 * const connections = createKdcConnections({ kdc: 'kdc1.ad.test' })
 * const service = createKdcClient({ connections, credentials: { keytab: '/etc/web.keytab' } })
 * const alice = createKdcClient({ connections, credentials: { principal: 'alice@AD.TEST', password } })
 * ```
 */
export function createKdcConnections(options: KdcConnectionsOptions = {}): KdcConnections {
  return new SharedConnections(closeOptions('createKdcConnections', options, KDC_CONNECTIONS_OPTIONS))
}

export class SharedConnections implements KdcConnections {
  readonly transport: KdcTransport
  /** To the password servers. */
  readonly kpasswd: KdcTransport
  /** The krb5.conf of this machine. */
  readonly configuration: Krb5Configuration
  /**
   * The same for what is asked of KDCs: a caller who names them does not mean it, unless it is
   * named as well.
   */
  readonly conf: Krb5Configuration | undefined
  /**
   * Whether the KDCs of a realm are named in the options or in krb5.conf, so that nothing is looked
   * up for it.
   */
  readonly namesKdcsOf: (realm: string) => boolean
  readonly #close: () => void

  constructor(options: KdcConnectionsOptions) {
    const { kdc, krb5Config, timeLimit, now = Date.now } = options
    requireText('krb5Config', krb5Config)
    requireMilliseconds('timeLimit', timeLimit, 1, MAX_TIME_LIMIT)
    const configuration = new Krb5Configuration(krb5Config ?? process.env.KRB5_CONFIG, now)
    const conf = kdc === undefined || krb5Config !== undefined ? configuration : undefined
    const settings = () => (conf ? configuredNetwork(conf.conf) : {})
    const transport = transportFor({ ...options, configuration, settings, now })
    this.transport = transport
    this.kpasswd = kpasswdTransportFor({ ...options, configuration })
    this.namesKdcsOf = namesKdcsOf({ kdc, configuration })
    this.configuration = configuration
    this.conf = conf
    this.#close = () => ('close' in transport ? transport.close() : undefined)
  }

  close(): void {
    this.#close()
  }

  [Symbol.dispose](): void {
    this.close()
  }
}

/** Those that are shared, or a client's own. @throws ConfigurationError */
export function connectionsOf(
  options: KdcConnectionsOptions & { readonly connections?: KdcConnections },
): SharedConnections {
  const { connections } = options
  if (connections === undefined) return new SharedConnections(options)
  if (!(connections instanceof SharedConnections)) {
    throw new ConfigurationError('the connections option is not what createKdcConnections returns', {
      hint: `Make them with createKdcConnections({ kdc, … }), and give them to each client. A transport of your own goes into kdc. ${hintOfCopies('@s4u/kdc-client')}`,
    })
  }
  const twice = OF_CONNECTIONS.filter((name) => options[name] !== undefined)
  if (twice.length === 0) return connections
  throw new ConfigurationError(`${twice.join(', ')}: said beside connections, which have their own`, {
    hint: 'Say it where the connections are made, in createKdcConnections.',
  })
}

/** Timers take no more: they would go off at once. */
const MAX_TIME_LIMIT = 2_147_483_647

const OF_CONNECTIONS = ['kdc', 'kpasswd', 'krb5Config', 'timeLimit', 'proxyTrust', 'dns'] as const
