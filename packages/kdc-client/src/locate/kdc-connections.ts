import { closeOptions, ConfigurationError, hintOfCopies, type OptionTableOf } from '@s4u/krb5'
import { configuredNetwork } from '../configuration/network-settings.js'
import type { DnsSource } from './dns-lookup.js'
import type { ProxyTrust } from '../configuration/http-anchors.js'
import { type KdcLocation, namesKdcsOf, transportFor } from './kdc-location.js'
import { Krb5Configuration } from '../configuration/krb5-configuration.js'
import { requireMilliseconds, requireText } from '../arguments/option-checks.js'
import { kpasswdTransportFor } from './kpasswd-location.js'
import type { KdcTransport } from '../network/transport.js'

/** Where KDCs are, and how they are asked. These options are the same as those of a client. */
export interface KdcConnectionsOptions {
  /**
   * Where the KDCs are: one address, several, addresses by realm, or a function that sends
   * requests. Default: krb5.conf, then DNS.
   */
  readonly kdc?: KdcLocation
  /**
   * The krb5.conf to read; several paths with a colon between them. Default: KRB5_CONFIG, else
   * /etc/krb5.conf. With `kdc`, none is read unless this option names it.
   */
  readonly krb5Config?: string
  /**
   * The time limit of one exchange with a KDC, including failover and the wait in the queue;
   * milliseconds. It also limits a `kdc` function. Default: request_timeout of krb5.conf, else
   * 10,000.
   */
  readonly timeLimit?: number
  /**
   * The password servers for `changePassword`, written like `kdc`. The default port is 464.
   * Default: the hosts of `kdc`, else those of krb5.conf (kpasswd_server, admin_server) and DNS
   * (_kpasswd).
   */
  readonly kpasswd?: KdcLocation
  /**
   * The certificates of the authorities that may vouch for an HTTPS proxy to KDCs; PEM. Default:
   * http_anchors of krb5.conf, else the authorities that Node trusts.
   */
  readonly proxyTrust?: ProxyTrust
  /** The clock, for tests; milliseconds since the epoch. Default: `Date.now`. */
  readonly now?: () => number
  /** Answers in place of the system's resolver, for tests. */
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
 * Connections to KDCs, which clients can share: the sockets, the queue of each realm, and what is
 * remembered of KDCs that do not answer. Made by `createKdcConnections`.
 */
export interface KdcConnections extends Disposable {
  /** Closes the sockets that are open and idle. A client that is used later opens others. */
  close(): void
}

/**
 * Returns connections to KDCs that several clients share, such as the client of a service and the
 * clients of users who sign in with passwords. All clients together have at most 16 requests on the
 * way to a realm, and take turns by user.
 *
 * @throws ConfigurationError
 *
 * @example
 * ```ts
 * import { createKdcClient, createKdcConnections } from '@s4u/kdc-client'
 *
 * const connections = createKdcConnections({ kdc: 'kdc1.ad.test' })
 * const keytab = '/etc/web.keytab'
 * export const service = createKdcClient({ connections, credentials: { keytab } })
 * export const clientOf = (principal: string, password: string) =>
 *   createKdcClient({ connections, credentials: { principal, password } })
 * ```
 */
export function createKdcConnections(options: KdcConnectionsOptions = {}): KdcConnections {
  return new SharedConnections(closeOptions('createKdcConnections', options, KDC_CONNECTIONS_OPTIONS))
}

export class SharedConnections implements KdcConnections {
  readonly transport: KdcTransport
  /** Sends requests to password servers. */
  readonly kpasswd: KdcTransport
  /** The krb5.conf of this machine. */
  readonly configuration: Krb5Configuration
  /**
   * The krb5.conf that requests to KDCs follow. Undefined if the option `kdc` is given without
   * `krb5Config`: a caller who names the KDCs does not mean the file.
   */
  readonly conf: Krb5Configuration | undefined
  /**
   * Returns whether the options or krb5.conf name the KDCs of a realm, so that DNS is not asked.
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

/**
 * Returns the shared connections of a client, or its own.
 *
 * @throws ConfigurationError
 */
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

/** The longest time of a timer; milliseconds. A timer that is given more fires at once. */
const MAX_TIME_LIMIT = 2_147_483_647

const OF_CONNECTIONS = ['kdc', 'kpasswd', 'krb5Config', 'timeLimit', 'proxyTrust', 'dns'] as const
