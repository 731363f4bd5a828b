import { createHash } from 'node:crypto'
import { isIPv6 } from 'node:net'

/**
 * Returns the key under which attempts for a name are counted. `alice`, `ALICE`, `alice@AD.TEST`
 * and `AD\alice` are one account, so the user part counts alone, without case and accents, as
 * directories compare it.
 */
export function keyOfUser(user: string): string {
  const name = folded(user)
  const withoutDomain = name.slice(name.lastIndexOf('\\') + 1)
  const at = withoutDomain.indexOf('@', 1)
  return digestOf('user', (at < 0 ? withoutDomain : withoutDomain.slice(0, at)).trim())
}

/**
 * Capital letters come first: `ς` and `σ` have one, and `ß` has two, so that a name with them
 * cannot be written in several ways that count apart.
 */
function folded(name: string): string {
  const plain = name.normalize('NFKD').replaceAll(/\p{M}/gu, '').toUpperCase()
  return plain.toLowerCase().replaceAll('ς', 'σ').trim()
}

/**
 * Returns the key of an address. Of IPv6 a customer has a /64, and as many addresses as he likes.
 */
export function keyOfAddress(address: string): string {
  const plain = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address.split('%')[0]
  return digestOf('address', isIPv6(plain) ? networkOf(plain) : plain)
}

/** The first 64 bits, in one form. */
function networkOf(address: string): string {
  const { hostname } = new URL(`http://[${address}]/`)
  const [head, tail] = hostname.slice(1, -1).split('::')
  const groups = head === '' ? [] : head.split(':')
  const missing = tail === undefined ? 0 : 8 - groups.length - (tail === '' ? 0 : tail.split(':').length)
  return [...groups, ...Array<string>(missing).fill('0'), ...(tail || '').split(':')].slice(0, 4).join(':')
}

function digestOf(kind: string, text: string): string {
  return createHash('sha256').update(`${kind} ${text}`).digest('base64url')
}
