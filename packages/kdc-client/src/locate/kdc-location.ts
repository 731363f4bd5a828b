import { asciiLower, ConfigurationError } from '@s4u/krb5'
import type { ConfiguredNetwork } from '../configuration/exchange-settings.js'
import { DnsMemory } from './dns-cache.js'
import { type KdcAddress, parseKdcAddress } from '../configuration/kdc-address.js'
import type { DnsSource } from './dns-lookup.js'
import { anchorsByRealm, type ProxyTrust } from '../configuration/http-anchors.js'
import type { Krb5Configuration } from '../configuration/krb5-configuration.js'
import { requireKdcLocation } from '../arguments/option-checks.js'
import { type KdcTransport, limitedTransport, networkTransport, type NetworkTransport } from '../network/transport.js'

/**
 * Where KDCs are:
 *
 * - one address: `'kdc1.ad.test'`, `'10.0.0.1:88'`, `'udp/kdc1.ad.test'`, `'tcp/kdc1.ad.test'`, or
 *   the URL of an HTTPS proxy, `'https://proxy.ad.test/KdcProxy'`
 * - several addresses, best first
 * - addresses by realm: `{ 'AD.TEST': ['dc1.ad.test', 'dc2.ad.test'] }`
 * - a function that sends requests (`KdcTransport`)
 */
export type KdcLocation =
  | string
  | readonly string[]
  | Readonly<Record<string, string | readonly string[]>>
  | KdcTransport

/** @deprecated Use `KdcLocation`. `KdcOption` is also the name of the KDC option bits in krb5. */
export type KdcOption = KdcLocation

export interface KdcSourceOptions {
  readonly kdc?: KdcLocation
  /** The files of this machine, where the option names no KDC of a realm. */
  readonly configuration: Krb5Configuration
  /** For one exchange, whatever the option is; milliseconds. */
  readonly timeLimit?: number
  readonly proxyTrust?: ProxyTrust
  /** What krb5.conf says of how KDCs are asked, now. */
  readonly settings?: () => ConfiguredNetwork
  readonly now: () => number
  readonly dns?: DnsSource
}

/** @throws ConfigurationError when an address cannot be read */
export function transportFor(options: KdcSourceOptions): KdcTransport | NetworkTransport {
  const { kdc, timeLimit, now, configuration, settings } = options
  requireKdcLocation(kdc)
  if (typeof kdc === 'function') return limitedTransport(kdc, timeLimit)
  const named = namedAddresses(kdc)
  const byDns = new DnsMemory(
    now,
    options.dns,
    () => configuration.conf.boolean('libdefaults', 'dns_uri_lookup') ?? true,
  )
  return networkTransport({
    now,
    timeLimit,
    settings,
    proxyTrust: trustOf(options),
    lookup: options.dns?.lookup?.bind(options.dns),
    otherSpelling: (realm) => configuration.otherSpelling(realm),
    locate: async (realm, signal) =>
      named(realm) ?? configuredKdcs(configuration, realm) ?? (await byDns.find(realm, signal)),
  })
}

/**
 * Whether the KDCs of a realm are named by who has configured this client, so that nothing is
 * looked up for it.
 */
export function namesKdcsOf({ kdc, configuration }: Pick<KdcSourceOptions, 'kdc' | 'configuration'>) {
  if (typeof kdc === 'function') return () => true
  const named = namedAddresses(kdc)
  return (realm: string): boolean => named(realm) !== undefined || configuration.conf.kdcsOf(realm).length > 0
}

/**
 * What the option says of a realm. A list without a realm stands for every realm: it is the
 * caller's word.
 */
export function namedAddresses(
  kdc: Exclude<KdcLocation, KdcTransport> | undefined,
  standardPort?: number,
): (realm: string) => readonly KdcAddress[] | undefined {
  if (kdc === undefined) return () => undefined
  if (typeof kdc === 'string' || isList(kdc)) {
    const addresses = parseAll(kdc, standardPort)
    return () => addresses
  }
  const byRealm = new Map(Object.entries(kdc).map(([realm, list]) => [asciiLower(realm), parseAll(list, standardPort)]))
  return (realm) => byRealm.get(asciiLower(realm))
}

/** What krb5.conf says of a realm. Undefined: DNS is to be asked. */
export function configuredKdcs(configuration: Krb5Configuration, realm: string): readonly KdcAddress[] | undefined {
  const addresses = configuration.conf.kdcsOf(realm)
  if (addresses.length > 0) return addresses
  // Without a KDC in the file, and DNS forbidden there, the realm has none.
  return configuration.conf.boolean('libdefaults', 'dns_lookup_kdc') === false ? [] : undefined
}

/**
 * The option is about every proxy; those of krb5.conf, each about its realm, where the option names
 * no KDC of it.
 */
export function trustOf({
  proxyTrust,
  configuration,
  kdc,
}: Pick<KdcSourceOptions, 'proxyTrust' | 'configuration' | 'kdc'>): (realm: string) => ProxyTrust | undefined {
  if (proxyTrust !== undefined || typeof kdc === 'function') return () => proxyTrust
  const named = namedAddresses(kdc)
  let anchors = kdc === undefined ? anchorsByRealm(configuration.conf) : undefined
  return (realm) =>
    named(realm) === undefined ? (anchors ??= anchorsByRealm(configuration.conf)).get(realm) : undefined
}

function parseAll(list: string | readonly string[], standardPort?: number): readonly KdcAddress[] {
  const texts = typeof list === 'string' ? [list] : list
  if (texts.length === 0)
    throw new ConfigurationError('an empty list of addresses', { hint: 'Leave it out to use DNS, or name a KDC.' })
  return texts.map((text) => parseKdcAddress(text, standardPort))
}

function isList(value: object): value is readonly string[] {
  return Array.isArray(value)
}
