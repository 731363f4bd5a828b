import { ConfigurationError, shownInput } from '@s4u/krb5'
import { isIPv6 } from 'node:net'

export interface KdcAddress {
  readonly host: string
  readonly port: number
  /** Only this protocol; without it UDP first, then TCP. `https` is a KDC proxy (MS-KKDCP). */
  readonly protocol?: 'udp' | 'tcp' | 'https'
  /** Of an HTTPS proxy. */
  readonly path?: string
}

/**
 * Reads `kdc1.ad.test`, `kdc1.ad.test:88`, `[::1]:88`, `tcp/kdc1.ad.test:88`, `https://proxy.ad.test/KdcProxy`, as krb5.conf writes them.
 * @throws ConfigurationError
 */
export function parseKdcAddress(text: string): KdcAddress {
  const match =
    /^(?:(udp|tcp)\/|(https):\/\/)?(?:\[([0-9A-Fa-f:.]+)\]|([\p{L}\p{N}._-]{1,253}))(?::(\d{1,5}))?(\/\S*)?$/u.exec(
      text.trim(),
    )
  const protocol = protocolOf(match?.[1] ?? match?.[2])
  const port = Number(match?.[5] ?? (protocol === 'https' ? HTTPS_PORT : KERBEROS_PORT))
  const path = match?.[6]
  if (match === null || port < 1 || port > 65_535 || (path !== undefined && protocol !== 'https')) {
    throw new ConfigurationError(`not the address of a KDC: ${shownInput(text)}`, {
      hint: 'Write host, host:port, [IPv6]:port, tcp/host:port, udp/host:port or https://host/path.',
    })
  }
  return {
    host: match[3] ?? match[4],
    port,
    ...(protocol && { protocol }),
    ...(protocol === 'https' && { path: path ?? '/' }),
  }
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

/** Source: RFC 4120 section 7.2.1. */
const KERBEROS_PORT = 88
const HTTPS_PORT = 443

function protocolOf(text: string | undefined): KdcAddress['protocol'] {
  return text === 'udp' || text === 'tcp' || text === 'https' ? text : undefined
}
