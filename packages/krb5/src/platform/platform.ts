/**
 * What the rest of this package needs of a platform. The import condition `#platform` is `node.ts`
 * on Node and `portable.ts` elsewhere.
 */

import type { Machine } from './machine.js'
import type { Outlets } from './outlets.js'
import type { Runtime } from './runtime.js'

export interface Platform {
  /** Files, environment and user of this process. */
  readonly machine: Machine
  /** Where lines for people go if there is no logger. */
  readonly outlets: Outlets
  /** Undefined for a platform that is none of the runtimes. */
  readonly runtime: Runtime | undefined
}
