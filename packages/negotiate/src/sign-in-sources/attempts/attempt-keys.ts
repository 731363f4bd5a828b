import { createHash } from 'node:crypto'
import { isIPv6 } from 'node:net'
import { userPartOf } from './user-part.js'

/**
 * Returns the key under which attempts for a name are counted. `alice`, `ALICE`, `alice@AD.TEST`
 * and `AD\alice` are one account, so the user part counts alone.
 */
export function keyOfUser(user: string): string {
  return digestOf('user', userPartOf(user))
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
