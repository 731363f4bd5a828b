import { ConfigurationError } from '@s4u/krb5'
import { type KdcAddress, lookUpKdcs, parseKdcAddress } from './kdc-address.js'
import { type KdcTransport, networkTransport } from './transport.js'

/** One address, several in order of preference, addresses by realm, or a transport of one's own. */
export type KdcOption = string | readonly string[] | Readonly<Record<string, string | readonly string[]>> | KdcTransport

/** @throws ConfigurationError when an address cannot be read */
export function transportFor(
  kdc: KdcOption | undefined,
  timeLimit: number | undefined,
  now: () => number,
): KdcTransport {
  if (typeof kdc === 'function') return kdc
  const limits = { now, ...(timeLimit !== undefined && { timeLimit }) }
  if (kdc === undefined) return networkTransport({ ...limits, locate: (realm) => lookUpKdcs(realm) })
  if (typeof kdc === 'string' || isList(kdc)) {
    const addresses = parseAll(kdc)
    return networkTransport({ ...limits, locate: async () => addresses })
  }
  const byRealm = new Map(Object.entries(kdc).map(([realm, list]) => [realm.toUpperCase(), parseAll(list)]))
  return networkTransport({ ...limits, locate: async (realm) => byRealm.get(realm.toUpperCase()) ?? lookUpKdcs(realm) })
}

function parseAll(list: string | readonly string[]): readonly KdcAddress[] {
  const texts = typeof list === 'string' ? [list] : list
  if (texts.length === 0)
    throw new ConfigurationError('the kdc option is an empty list', { hint: 'Leave it out to use DNS, or name a KDC.' })
  return texts.map(parseKdcAddress)
}

function isList(value: object): value is readonly string[] {
  return Array.isArray(value)
}
