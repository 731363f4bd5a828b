import { BlockList, isIP } from 'node:net'
import { ConfigurationError, shownInput } from '@s4u/kdc-client'

/** Machines that are named by their address. */
export interface PeerList {
  /** Whether an address is in the list. Undefined, as for a pipe, is in none. */
  has(address: string | undefined): boolean
}

/**
 * Returns a list of machines from addresses and networks: `10.1.2.3`, `10.0.0.0/8`, `fd00::/8`.
 * An IPv4 address counts in its IPv6 form too (`::ffff:10.1.2.3`).
 *
 * ```ts
 * import { peerList } from '@s4u/negotiate'
 *
 * const proxies = peerList('trustedProxies', ['10.0.0.0/8', '::1'])
 * proxies.has('10.1.2.3') // true
 * ```
 *
 * @param owner the option that names them, for the message
 * @throws ConfigurationError for what is no address and no network
 */
export function peerList(owner: string, entries: readonly string[]): PeerList {
  const list = new BlockList()
  for (const entry of entries) addEntry(owner, list, entry)
  return { has: (address) => address !== undefined && isListed(list, address) }
}

function isListed(list: BlockList, address: string): boolean {
  // A link-local address has a zone behind it: `fe80::1%eth0`.
  const plain = address.split('%')[0]
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(plain)?.[1] ?? plain
  const family = isIP(mapped)
  return family !== 0 && list.check(mapped, family === 4 ? 'ipv4' : 'ipv6')
}

function addEntry(owner: string, list: BlockList, entry: unknown): void {
  const [, address = '', bits] = /^([0-9a-fA-F.:]+)(?:\/(\d{1,3}))?$/.exec(typeof entry === 'string' ? entry : '') ?? []
  const family = isIP(address)
  const width = family === 4 ? 32 : 128
  if (family === 0 || Number(bits ?? width) > width)
    throw new ConfigurationError(`${owner}: ${shownInput(entry)} is neither an address nor a network`, {
      hint: "Write addresses and networks: ['10.1.2.3', '10.0.0.0/8', '::1']. Names of hosts are not looked up.",
    })
  if (bits === undefined) list.addAddress(address, family === 4 ? 'ipv4' : 'ipv6')
  else list.addSubnet(address, Number(bits), family === 4 ? 'ipv4' : 'ipv6')
}
