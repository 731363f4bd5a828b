import { primitives } from '#primitives'
import type { RandomSource } from './primitives/primitives.js'

/** The platform's own, wherever none is passed in. */
export const platformRandom: RandomSource = (length) => primitives.randomBytes(length)
