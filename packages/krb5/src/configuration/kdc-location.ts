/**
 * Reads where a KDC is, as krb5.conf writes it. Source: MIT krb5 documentation, "krb5.conf", kdc;
 * Heimdal's krb5.conf(5) for `tcp/`.
 */

/**
 * One `kdc` setting: `kdc1.ad.test`, `kdc1.ad.test:88`, `[::1]:88`, `tcp/kdc1.ad.test`,
 * `https://kdc1.ad.test/KdcProxy`.
 */
export interface ConfiguredKdc {
  /**
   * A name or an address. An IPv6 address has no brackets here, but its zone if it has one
   * (`fe80::1%eth0`).
   */
  readonly host: string
  readonly port: number
  /**
   * The only protocol to use; undefined if the client may choose. `https` is a KDC proxy
   * (MS-KKDCP).
   */
  readonly protocol?: 'udp' | 'tcp' | 'https'
  /** The path of an `https` address, with its leading slash. */
  readonly path?: string
}

/** The forms that can be written, for error messages. */
export const KDC_LOCATION_FORMS = 'host, host:port, [IPv6]:port, tcp/host, udp/host or https://host/path'

/**
 * Reads the location of a KDC; returns undefined if the text is not one. A number by itself is not
 * one: MIT takes it for a port without a host, and refuses it as well.
 *
 * @param standardPort the port if the text names none. Default: 88
 *
 * @example
 * ```ts
 * import { kdcLocationOf } from '@s4u/krb5'
 *
 * kdcLocationOf('tcp/kdc1.ad.test') // { host: 'kdc1.ad.test', port: 88, protocol: 'tcp' }
 * ```
 */
export function kdcLocationOf(text: string, standardPort: number = KERBEROS_PORT): ConfiguredKdc | undefined {
  const match = LOCATION.exec(text)
  if (match === null) return undefined
  const [, prefix, bracketed, bare, digits, path] = match
  const protocol = prefix === undefined ? undefined : PROTOCOLS.get(prefix.toLowerCase())
  const host = bracketed ?? bare
  const port = Number(digits ?? (protocol === 'https' ? HTTPS_PORT : standardPort))
  if (/^\d+$/.test(host) || port < 1 || port > 65_535) return undefined
  if (path !== undefined && protocol !== 'https') return undefined
  return { host, port, ...(protocol && { protocol }), ...(protocol === 'https' && { path: path ?? '/' }) }
}

/** Source: RFC 4120 section 7.2.1. */
const KERBEROS_PORT = 88
const HTTPS_PORT = 443

const PROTOCOLS: ReadonlyMap<string, 'udp' | 'tcp' | 'https'> = new Map([
  ['udp/', 'udp'],
  ['tcp/', 'tcp'],
  ['https://', 'https'],
])

const NAME = String.raw`[\p{L}\p{N}._-]{1,253}`
/**
 * The zone of an address is the name or the number of a network interface. Source: RFC 4007 section
 * 11.
 */
const IPV6 = String.raw`[\dA-Fa-f:.]{2,45}(?:%[\w.-]{1,64})?`
const LOCATION = new RegExp(
  String.raw`^(udp\/|tcp\/|https:\/\/)?(?:\[(${IPV6}|${NAME})\]|(${NAME}))(?::(\d{1,5}))?(\/\S*)?$`,
  'iu',
)
