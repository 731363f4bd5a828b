import { primitives } from '#primitives'
import type { RandomSource } from './primitives/primitives.js'

/**
 * The random source of the platform, which is used where no other is passed in.
 *
 * @example
 * ```ts
 * import { platformRandom } from '@s4u/krb5'
 *
 * console.log(platformRandom(16).length) // 16
 * ```
 */
export const platformRandom: RandomSource = (length) => primitives.randomBytes(length)
