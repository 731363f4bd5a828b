/**
 * A JavaScript runtime that s4u tells apart. `workerd` is that of Cloudflare Workers. Runtimes that
 * are not known here, but give a version of Node, count as `Node`.
 */
export type Runtime = 'Node' | 'Bun' | 'Deno' | 'workerd'

/**
 * Returns which runtime has these versions, as in `process.versions`. Bun, Deno and workerd name a
 * version of Node there too, so their own names count first.
 *
 * @param userAgent what workerd is told by, as in `navigator.userAgent`
 *
 * @example
 * ```ts
 * import { runtimeOf } from '@s4u/krb5'
 *
 * console.log(runtimeOf(process.versions)) // Node
 * ```
 */
export function runtimeOf(versions: Readonly<Record<string, string | undefined>>, userAgent?: string): Runtime {
  if (isWorkerd(userAgent)) return 'workerd'
  if (versions['bun'] !== undefined) return 'Bun'
  return versions['deno'] === undefined ? 'Node' : 'Deno'
}

/** Returns the user agent of this process; undefined where the platform names none. */
export function thisUserAgent(): string | undefined {
  const navigator: unknown = Reflect.get(globalThis, 'navigator')
  const agent: unknown = typeof navigator === 'object' && navigator !== null ? Reflect.get(navigator, 'userAgent') : ''
  return typeof agent === 'string' ? agent : undefined
}

/** Source: https://developers.cloudflare.com/workers/runtime-apis/web-standards/#navigatoruseragent */
export function isWorkerd(userAgent: string | undefined): boolean {
  return userAgent === 'Cloudflare-Workers'
}
