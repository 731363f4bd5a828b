import { BlockList, isIP } from 'node:net'

export interface Network {
  readonly address: string
  readonly bits: number
  readonly family: 'ipv4' | 'ipv6'
}

/** Reads `10.0.0.0/8`, `fd00::/8` or one address. */
export function parseNetwork(text: string): Network | undefined {
  const [address, bits, ...rest] = text.split('/')
  const version = isIP(address)
  if (version === 0 || rest.length > 0 || address.includes('%')) return undefined
  const most = version === 4 ? 32 : 128
  if (bits !== undefined && !/^\d{1,3}$/.test(bits)) return undefined
  const length = bits === undefined ? most : Number(bits)
  return length <= most ? { address, bits: length, family: version === 4 ? 'ipv4' : 'ipv6' } : undefined
}

/** Returns a test whether an address is in one of the networks. */
export function networksOf(texts: readonly string[]): (address: string | undefined) => boolean {
  if (texts.length === 0) return () => false
  const inside = new BlockList()
  for (const network of texts.map(parseNetwork))
    if (network !== undefined) inside.addSubnet(network.address, network.bits, network.family)
  return (address) => {
    const plain = address === undefined ? undefined : plainAddress(address)
    const version = plain === undefined ? 0 : isIP(plain)
    return plain !== undefined && version !== 0 && inside.check(plain, version === 4 ? 'ipv4' : 'ipv6')
  }
}

/** An IPv4 client of a socket for both families: `::ffff:10.0.0.1`. */
export function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d{1,3}(?:\.\d{1,3}){3}$)/i, '')
}
