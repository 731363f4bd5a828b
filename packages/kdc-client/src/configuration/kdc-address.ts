import { type ConfiguredKdc, ConfigurationError, KDC_LOCATION_FORMS, kdcLocationOf, shownInput } from '@s4u/krb5'
import { isIPv6 } from 'node:net'

/** Where a KDC is. Without a protocol it is asked by UDP first, then by TCP; `https` is a KDC proxy (MS-KKDCP). */
export type KdcAddress = ConfiguredKdc

/**
 * Reads `kdc1.ad.test`, `kdc1.ad.test:88`, `[::1]:88`, `tcp/kdc1.ad.test:88`, `https://proxy.ad.test/KdcProxy`, as krb5.conf writes them.
 * @param standardPort where none is named
 * @throws ConfigurationError
 */
export function parseKdcAddress(text: string, standardPort?: number): KdcAddress {
  const location = kdcLocationOf(text.trim(), standardPort)
  if (location !== undefined) return location
  throw new ConfigurationError(`not the address of a KDC: ${shownInput(text)}`, {
    hint: `Write ${KDC_LOCATION_FORMS}.`,
  })
}

/** Each request asks for it several times. */
const texts = new WeakMap<KdcAddress, string>()

/** Without the protocol: `kdc1.ad.test:88`. */
export function formatKdcAddress(address: KdcAddress): string {
  const known = texts.get(address)
  if (known !== undefined) return known
  const { host, port, path = '' } = address
  // Behind a question mark there may be a token.
  const text = `${isIPv6(host) ? `[${host}]` : host}:${port}${path.replace(/[?#].*$/, '')}`
  texts.set(address, text)
  return text
}
