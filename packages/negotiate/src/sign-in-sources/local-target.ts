/**
 * Returns where to go within this site: a path with its query, as it was given; undefined for all
 * else. It begins with one `/`: browsers take `//evil.test` and `/\evil.test` for another site, and
 * skip tabs and line breaks before they look.
 *
 * ```ts
 * import { localTarget } from '@s4u/negotiate'
 *
 * localTarget('/orders?page=2') // '/orders?page=2'
 * localTarget('//evil.test') // undefined
 * ```
 */
export function localTarget(target: string | null | undefined): string | undefined {
  if (target === undefined || target === null || target.length > MAX_TARGET) return undefined
  // Only what stands in a request line: no controls, spaces, backslashes, nor letters beyond ASCII.
  return /^\/(?!\/)[\x21-\x5b\x5d-\x7e]*$/.test(target) ? target : undefined
}

/** It stands in a hidden field and in the header Location. */
const MAX_TARGET = 4_096
