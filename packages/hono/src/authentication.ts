import type { CallerIdentity } from '@s4u/negotiate'

/**
 * How callers come to the handlers of a project. Empty, it says that each of them has
 * authenticated, and `c.get('identity')` is a `CallerIdentity`. In a project where authentication
 * may be optional (`mode: 'optional'` or `'off'`), declare that once, and the compiler asks for a
 * check:
 *
 *     import '@s4u/hono'
 *
 *     declare module '@s4u/hono' {
 *       interface Authentication {
 *         mode: 'optional'
 *       }
 *     }
 */
// oxlint-disable-next-line typescript/no-empty-object-type
export interface Authentication {}

/**
 * The caller of a handler: undefined only in a project that declares `Authentication` as optional.
 */
export type CallerOfHandler = Authentication extends { readonly mode: 'optional' }
  ? CallerIdentity | undefined
  : CallerIdentity
