import { RejectedTokenError, S4uError } from '@s4u/kdc-client'
import type { AttemptSettings } from './attempt-options.js'
import { keyOfAddress, keyOfUser } from './attempt-keys.js'
import type { AttemptRule, TakenAttempt } from './attempt-store.js'
import { TooManyAttemptsError } from './too-many-attempts.js'
import { TriedUsers, withoutUnknownName } from './tried-user.js'

/** Who tries to sign in. */
export interface AttemptedBy {
  /** The name as it was typed; undefined where none is known before the check. */
  readonly user?: string | undefined
  readonly clientAddress?: string | undefined
}

/**
 * Limits how often credentials are checked, for each user and each address, so that nobody can try
 * passwords, and the directory does not lock an account.
 */
export class SignInAttempts {
  readonly #settings: AttemptSettings
  readonly #underWay = new Map<string, number>()
  readonly #tried = new TriedUsers()
  #total = 0

  constructor(settings: AttemptSettings) {
    this.#settings = settings
  }

  /**
   * Checks a credential, if an attempt is left. An attempt is counted before `verify` is called. It
   * stays counted if `verify` fails with an S4uError of the status 401 (but not for an expired
   * password, which was not wrong), or with an error that is no S4uError. Otherwise, and after a
   * success, this one attempt is taken back; earlier failures stay counted. The error of an attempt
   * that stays counted is thrown after a multiple of `pace`, so that the time does not tell a user
   * who exists from one who does not: let unknown users and wrong passwords end the same way.
   *
   * @throws TooManyAttemptsError, RejectedTokenError S4U_ATTEMPTS_UNKNOWN, and what `verify` throws
   */
  async check<T>(by: AttemptedBy, verify: () => Promise<T>): Promise<T> {
    try {
      const result = await this.#counted(by, verify)
      if (isEnd(result)) this.#tried.exists(by.user)
      return result
    } catch (error) {
      const refusal = withoutUnknownName(error)
      this.#tried.note(refusal, by.user)
      throw refusal
    }
  }

  #counted<T>(by: AttemptedBy, verify: () => Promise<T>): Promise<T> {
    return this.#within(by.clientAddress ?? '', async () => {
      const begun = performance.now()
      const taken = await this.#takeBoth(by)
      let result: T
      try {
        result = await verify()
      } catch (error) {
        const failed = isFailure(error)
        await this.#settle(taken, failed ? 'failed' : 'spared')
        if (failed) await this.#pause(begun)
        throw error
      }
      await this.#settle(taken, 'spared')
      return result
    })
  }

  /** Limits the sign-ins under way, and so the memory that they hold. */
  async #within<T>(address: string, act: () => Promise<T>): Promise<T> {
    const mine = this.#underWay.get(address) ?? 0
    if (this.#total >= MAX_UNDER_WAY || mine >= MAX_UNDER_WAY_OF_ADDRESS) throw busy()
    this.#total++
    this.#underWay.set(address, mine + 1)
    try {
      return await act()
    } finally {
      this.#total--
      const left = (this.#underWay.get(address) ?? 1) - 1
      if (left === 0) this.#underWay.delete(address)
      else this.#underWay.set(address, left)
    }
  }

  async #takeBoth({ user, clientAddress }: AttemptedBy): Promise<readonly Taken[]> {
    const { ofUser, ofAddress } = this.#settings
    const ofThis = clientAddress === undefined ? [] : [await this.#take(keyOfAddress(clientAddress), ofAddress)]
    if (user === undefined) return ofThis
    try {
      return [...ofThis, await this.#take(keyOfUser(user), ofUser)]
    } catch (error) {
      // What is refused for the sake of the user is not held against the address.
      await this.#settle(ofThis, 'spared')
      throw error
    }
  }

  async #take(key: string, rule: AttemptRule): Promise<Taken> {
    const taken = await answered(async () => this.#settings.store.take(key, rule))
    if (!taken.allowed) throw tooMany(rule, taken)
    return { key, rule, takenAt: taken.takenAt }
  }

  async #settle(taken: readonly Taken[], outcome: 'failed' | 'spared'): Promise<void> {
    for (const { key, rule, takenAt } of taken)
      await answered(async () => this.#settings.store.settle(key, rule, takenAt, outcome))
  }

  async #pause(begun: number): Promise<void> {
    const { pace } = this.#settings
    if (pace === 0) return
    const elapsed = performance.now() - begun
    const left = Math.ceil(elapsed / pace) * pace - elapsed
    await new Promise((resolve) => void setTimeout(resolve, left))
  }
}

interface Taken {
  readonly key: string
  readonly rule: AttemptRule
  readonly takenAt: number
}

/** The most sign-ins that are under way at once in this process; each holds some kilobytes. */
const MAX_UNDER_WAY = 1_000
/** The most for one address: a whole office may share one. */
const MAX_UNDER_WAY_OF_ADDRESS = 100
/** A store that hangs must not hold requests. */
const STORE_TIME_LIMIT = 2_000

/**
 * A wrong credential, and not an outage, or what was not tried. An error of the app may mean a
 * wrong one, and who guesses must not have more tries for it.
 */
function isFailure(error: unknown): boolean {
  return !S4uError.is(error) || (error.status === 401 && error.code !== 'KDC_ERR_KEY_EXPIRED')
}

/**
 * A result with a `status` is not the end but a question, such as that for the next code. It is
 * asked of names that do not exist too, so it does not prove that the user exists.
 */
function isEnd(result: unknown): boolean {
  return typeof result === 'object' && result !== null && !('status' in result)
}

function busy(): TooManyAttemptsError {
  return new TooManyAttemptsError('too many sign-ins are under way', 5_000, { code: 'S4U_SIGN_IN_BUSY' })
}

function tooMany(
  { kind, limit }: AttemptRule,
  { retryAfter }: TakenAttempt & { allowed: false },
): TooManyAttemptsError {
  const of = kind === 'user' ? 'a user' : 'an address'
  return new TooManyAttemptsError(`${limit} attempts of ${of} to sign in have failed`, retryAfter, {
    code: 'S4U_TOO_MANY_ATTEMPTS',
    hint: 'Somebody tries passwords, or many users share the address. The limits are signInOptions.attempts.',
  })
}

/** @throws RejectedTokenError S4U_ATTEMPTS_UNKNOWN where the store fails, or is late */
async function answered<T>(ask: () => Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${STORE_TIME_LIMIT} ms`)), STORE_TIME_LIMIT)
  })
  try {
    return await Promise.race([ask(), late])
  } catch (cause) {
    throw new RejectedTokenError('the store of attempts to sign in does not answer', {
      code: 'S4U_ATTEMPTS_UNKNOWN',
      status: 503,
      hint: 'signInOptions.attempts.store failed, see the cause: until it answers, nobody signs in with a password.',
      cause,
    })
  } finally {
    clearTimeout(timer)
  }
}
