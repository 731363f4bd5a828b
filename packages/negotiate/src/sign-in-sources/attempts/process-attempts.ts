import type { AttemptStore } from './attempt-store.js'
import { MemoryAttemptStore } from './memory-attempt-store.js'

/** The number is the version of `AttemptStore`. */
const KEY = Symbol.for('s4u.attempts.1')

/**
 * Returns the store that all negotiators of this process share, also where it has two copies of
 * this package: they ask the same directory, which counts failures together.
 */
export function processAttempts(): AttemptStore {
  const found: unknown = Reflect.get(globalThis, KEY)
  if (isAttemptStore(found)) return found
  const made = new MemoryAttemptStore()
  Object.defineProperty(globalThis, KEY, { value: made })
  return made
}

export function isAttemptStore(value: unknown): value is AttemptStore {
  return (
    typeof value === 'object' &&
    value !== null &&
    'take' in value &&
    typeof value.take === 'function' &&
    'settle' in value &&
    typeof value.settle === 'function'
  )
}
