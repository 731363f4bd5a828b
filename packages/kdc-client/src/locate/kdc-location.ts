import { asciiLower, ConfigurationError } from '@s4u/krb5'
import type { ConfiguredNetwork } from '../configuration/network-settings.js'
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
  /** The krb5.conf of this machine, for realms that the option `kdc` does not name. */
  readonly configuration: Krb5Configuration
  /** The limit of one exchange; milliseconds. */
  readonly timeLimit?: number
  readonly proxyTrust?: ProxyTrust
  /** Reads what krb5.conf says now about how KDCs are asked. */
  readonly settings?: () => ConfiguredNetwork
  readonly now: () => number
  readonly dns?: DnsSource
}

/**
 * Returns the transport for the options of a client.
 *
 * @throws ConfigurationError for an address that cannot be read
 */
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
 * Returns a function that tells whether the options or krb5.conf name the KDCs of a realm, so that
 * DNS is not asked.
 */
export function namesKdcsOf({ kdc, configuration }: Pick<KdcSourceOptions, 'kdc' | 'configuration'>) {
  if (typeof kdc === 'function') return () => true
  const named = namedAddresses(kdc)
  return (realm: string): boolean => named(realm) !== undefined || configuration.conf.kdcsOf(realm).length > 0
}

/**
 * Returns a function that finds the addresses that the option names for a realm. A list without
 * realms stands for every realm.
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

/** Returns the KDCs of a realm that krb5.conf names; undefined if DNS should be asked. */
export function configuredKdcs(configuration: Krb5Configuration, realm: string): readonly KdcAddress[] | undefined {
  const addresses = configuration.conf.kdcsOf(realm)
  if (addresses.length > 0) return addresses
  // The file names no KDC and forbids DNS, so the realm has none.
  return configuration.conf.boolean('libdefaults', 'dns_lookup_kdc') === false ? [] : undefined
}

/**
 * Returns a function that finds the authorities for the HTTPS proxies of a realm. The option holds
 * for all proxies. The anchors of krb5.conf hold for their realm only, and not if the option `kdc`
 * names KDCs of that realm.
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
