import { primitives } from '#primitives'
import type { RandomSource } from './primitives/primitives.js'

/** The random source of the platform, which is used where no other is passed in. */
export const platformRandom: RandomSource = (length) => primitives.randomBytes(length)
