import cluster from 'node:cluster'
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

let warned = false

/** Warns once that each worker of a cluster counts attempts by itself. */
export function warnOfWorkers({ isWorker }: { readonly isWorker: boolean } = cluster, emit = emitWarning): void {
  if (!isWorker || warned) return
  warned = true
  emit(
    'each worker of this cluster counts attempts to sign in for itself, so that the directory may lock accounts before ' +
      'the limit is reached: give them a store in common (signInOptions.attempts.store, such as redisAttempts of @s4u/redis), ' +
      'or divide perUser by their number.',
  )
}

function emitWarning(message: string): void {
  process.emitWarning(message, { type: 'S4uWarning', code: 'S4U_ATTEMPTS_PER_WORKER' })
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
