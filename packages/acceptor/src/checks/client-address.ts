import { RejectedTokenError } from '@s4u/krb5'
import type { HostAddress } from '@s4u/krb5'

/** Address types. Source: RFC 4120 section 7.5.3. */
const IPV4 = 2
const IPV6 = 24

/**
 * Requires that the ticket may be used from the client's address. A ticket without addresses may be
 * used from everywhere. Source: RFC 4120 section 3.2.3.
 * @param address as sockets print it: `10.0.0.1`, `::1`, `::ffff:10.0.0.1`, `fe80::1%eth0`
 * @throws RejectedTokenError KRB_AP_ERR_BADADDR
 */
export function requireClientAddress(caddr: readonly HostAddress[] | undefined, address: string | undefined): void {
  if (caddr === undefined || caddr.length === 0) return
  const client = address === undefined ? undefined : parseAddress(address)
  if (
    client !== undefined &&
    caddr.some((one) => one.addrType === client.addrType && sameOctets(one.address, client.address))
  )
    return
  throw new RejectedTokenError(`the ticket is not good from ${address ?? 'an unknown address'}`, {
    code: 'KRB_AP_ERR_BADADDR',
    hint: 'The client is behind NAT or a proxy (pass the real address), or the ticket was taken from elsewhere. Or set checkAddresses: false.',
  })
}

/** Returns the address in a text; undefined if the text is not an address. */
export function parseAddress(text: string): HostAddress | undefined {
  const bare = text.split('%')[0]
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(bare)?.[1] ?? bare
  const address = mapped.includes(':') ? ipv6(mapped) : ipv4(mapped)
  if (address === undefined) return undefined
  return { addrType: address.length === 4 ? IPV4 : IPV6, address }
}

function ipv4(text: string): Uint8Array | undefined {
  const parts = text.split('.')
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256)) return undefined
  return Uint8Array.from(parts, Number)
}

function ipv6(text: string): Uint8Array | undefined {
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const [head, tail = []] = halves.map((half) => (half === '' ? [] : half.split(':')))
  const missing = 8 - head.length - tail.length
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined
  const groups = [...head, ...new Array<string>(missing).fill('0'), ...tail]
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined
  return Uint8Array.from(groups.flatMap((group) => [parseInt(group, 16) >> 8, parseInt(group, 16) & 0xff]))
}

function sameOctets(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}
