import { createHash } from 'node:crypto'
import type { MemberState } from './member-state.js'

/** Returns what a cookie calls a member. It shows clients no name of an inner server. */
export function tagOf({ member }: MemberState): string {
  return digestOf(member.url.href).subarray(0, 9).toString('base64url')
}

/**
 * Returns the value of a cookie; undefined also where it came twice. Source: RFC 6265 section 5.4.
 */
export function cookieIn(header: string | undefined, name: string): string | undefined {
  const values = (header ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
  return values.length === 1 ? values[0].slice(name.length + 1) : undefined
}

/**
 * Returns the members in the order in which an address prefers them (rendezvous hashing): when one
 * dies, only its own clients move.
 */
export function preferredBy(address: string, states: readonly MemberState[]): MemberState[] {
  const weight = (state: MemberState): string => digestOf(`${address} ${state.member.url.href}`).toString('hex')
  return states
    .map((state) => ({ state, weight: weight(state) }))
    .sort((one, other) => (one.weight < other.weight ? 1 : -1))
    .map(({ state }) => state)
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
