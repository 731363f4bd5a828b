import { ConfigurationError, type OptionTableOf, shownInput } from '@s4u/kdc-client'
import type { AttemptRule, AttemptStore } from './attempt-store.js'
import { MemoryAttemptStore } from './memory-attempt-store.js'
import { isAttemptStore, processAttempts } from './process-attempts.js'

/** How often users may try to sign in. */
export interface AttemptOptions {
  /**
   * How many attempts for one user may fail before all are refused. The directory locks an account
   * after its own number: have this at less than half of that, since an account may have a second
   * name (a user principal name). Default 4, where Windows proposes 10.
   */
  readonly perUser?: number
  /**
   * For how long after its last failure a user's failures count, milliseconds. At least as long as
   * the directory counts ("Reset account lockout counter after"). Default 2,100,000 (35 minutes).
   */
  readonly userWindow?: number
  /** How many attempts from one address may fail in `addressWindow`. Default 40. */
  readonly perAddress?: number
  /** Milliseconds. Default 600,000 (10 minutes). */
  readonly addressWindow?: number
  /**
   * A refusal is answered after a multiple of this time, milliseconds, so that the time does not
   * show whether the user exists. Default 500.
   */
  readonly pace?: number
  /**
   * Where attempts are counted. Default: one memory for the process. Instances that share a
   * directory should share a store.
   */
  readonly store?: AttemptStore
}

/** Every name in AttemptOptions; others are refused. */
export const ATTEMPT_OPTIONS = {
  perUser: 'value',
  userWindow: 'value',
  perAddress: 'value',
  addressWindow: 'value',
  pace: 'value',
  store: 'value',
} as const satisfies OptionTableOf<AttemptOptions>

export interface AttemptSettings {
  readonly ofUser: AttemptRule
  readonly ofAddress: AttemptRule
  readonly pace: number
  readonly store: AttemptStore
}

/** Twice this is less than 10, after which Windows proposes to lock an account. */
const PER_USER = 4
/** Windows counts for 10 or 30 minutes. */
const USER_WINDOW = 2_100_000
/** An office behind one address mistypes some; who tries one password on all users is stopped. */
const PER_ADDRESS = 40
const ADDRESS_WINDOW = 600_000
/** Longer than two exchanges with a KDC and the derivation of a key. */
const PACE = 500

/** @param now the clock of the negotiator, if it has one of its own */
export function attemptSettings(options: AttemptOptions, now: (() => number) | undefined): AttemptSettings {
  const { perUser = PER_USER, userWindow = USER_WINDOW, perAddress = PER_ADDRESS } = options
  const { addressWindow = ADDRESS_WINDOW, pace = PACE, store = storeFor(now) } = options
  requireWhole('perUser', perUser, 1, 60_000)
  requireWhole('perAddress', perAddress, 1, 60_000)
  requireWhole('userWindow', userWindow, 1, Number.MAX_SAFE_INTEGER)
  requireWhole('addressWindow', addressWindow, 1, Number.MAX_SAFE_INTEGER)
  requireWhole('pace', pace, 0, 60_000)
  if (!isAttemptStore(store))
    throw new ConfigurationError('signInOptions.attempts.store must have take and settle', {
      hint: 'Give an AttemptStore, such as new MemoryAttemptStore().',
    })
  return {
    ofUser: { kind: 'user', limit: perUser, window: userWindow, runsFrom: 'last' },
    ofAddress: { kind: 'address', limit: perAddress, window: addressWindow, runsFrom: 'first' },
    pace,
    store,
  }
}

function storeFor(now: (() => number) | undefined): AttemptStore {
  return now === undefined ? processAttempts() : new MemoryAttemptStore({ now })
}

function requireWhole(name: string, value: unknown, least: number, most: number): void {
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return
  throw new ConfigurationError(
    `signInOptions.attempts.${name} must be a whole number from ${least} to ${most}, not ${shownInput(value)}`,
  )
}
