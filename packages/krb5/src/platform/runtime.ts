/**
 * A JavaScript runtime that s4u tells apart. Runtimes that are not known here, but give a version
 * of Node, count as `Node`.
 */
export type Runtime = 'Node' | 'Bun' | 'Deno'

/**
 * Returns which runtime has these versions, as in `process.versions`. Bun and Deno name a version
 * of Node there too, so their own names count first.
 *
 * @example
 * ```ts
 * import { runtimeOf } from '@s4u/krb5'
 *
 * console.log(runtimeOf(process.versions)) // Node
 * ```
 */
export function runtimeOf(versions: Readonly<Record<string, string | undefined>>): Runtime {
  if (versions['bun'] !== undefined) return 'Bun'
  return versions['deno'] === undefined ? 'Node' : 'Deno'
}
