import { type ConfiguredKdc, ConfigurationError, KDC_LOCATION_FORMS, kdcLocationOf, shownInput } from '@s4u/krb5'
import { isIPv6 } from 'node:net'

/**
 * The address of a KDC. Without a protocol, the KDC is asked by UDP first, then by TCP. `https` is
 * a KDC proxy (MS-KKDCP).
 */
export type KdcAddress = ConfiguredKdc

/**
 * Reads an address as krb5.conf writes it: `kdc1.ad.test`, `kdc1.ad.test:88`, `[::1]:88`,
 * `tcp/kdc1.ad.test:88`, `https://proxy.ad.test/KdcProxy`.
 *
 * @param standardPort the port of an address that names none
 * @throws ConfigurationError
 */
export function parseKdcAddress(text: string, standardPort?: number): KdcAddress {
  const location = kdcLocationOf(text.trim(), standardPort)
  if (location !== undefined) return location
  throw new ConfigurationError(`not the address of a KDC: ${shownInput(text)}`, {
    hint: `Write ${KDC_LOCATION_FORMS}.`,
  })
}

/** Each request formats the same address several times. */
const texts = new WeakMap<KdcAddress, string>()

/** Returns the address without its protocol: `kdc1.ad.test:88`. */
export function formatKdcAddress(address: KdcAddress): string {
  const known = texts.get(address)
  if (known !== undefined) return known
  const { host, port, path = '' } = address
  // The query of a URL may hold a token.
  const text = `${isIPv6(host) ? `[${host}]` : host}:${port}${path.replace(/[?#].*$/, '')}`
  texts.set(address, text)
  return text
}
