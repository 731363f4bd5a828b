import type { Key } from '@s4u/krb5'
import type { KdcError } from '../errors/kdc-errors.js'

/**
 * How long the KDC is not asked again after a refusal that another key would not change, such as
 * that of a disabled account; milliseconds.
 */
const REFUSED_FOR = 10_000

/**
 * How long a wrong key is not tried again: after the first refusal, the second, and all later ones;
 * milliseconds. Directories lock an account after five or ten wrong keys, and start to count from
 * zero when no wrong key has come for a while, commonly up to half an hour.
 */
const WRONG_KEY_FOR = [60_000, 300_000, 1_860_000]

/**
 * The first of these waits after two keys of a keytab were refused, which both were shown within a
 * moment: the directory may have got the newer one after it had refused it, and before it refused
 * the older one. The waits that follow are the same, so no more keys are shown in the half hour
 * than after a first wait of a minute. Milliseconds.
 */
const BOTH_KEYS_FOR = 1_000

/**
 * How long a key that has worked is not tried again; milliseconds. Nothing authenticates the error
 * that calls it wrong, so an attacker who forges that error stops sign-in for this long only. If
 * the key is wrong indeed, it is an earlier one, and directories do not count those.
 */
const DOUBTED_KEY_FOR = 60_000

/** How often the keys are read again meanwhile: another key is tried at once. Milliseconds. */
const LOOK_EVERY = 10_000

const WRONG_KEY = 'KDC_ERR_PREAUTH_FAILED'

interface Refusal {
  readonly error: KdcError
  readonly until: number
  nextLook: number
}

/** Decides when an account may sign in again after a refusal, so that wrong keys do not lock it. */
export class SignInBackoff {
  readonly #now: () => number
  #refusal: Refusal | undefined
  #wrongKeys = 0
  /** The last key that the KDC accepted. */
  #worked: Key | undefined

  /** @param now milliseconds since the epoch */
  constructor(now: () => number) {
    this.#now = now
  }

  /** The last sign-in failed because of its key. */
  get hasWrongKey(): boolean {
    return this.#wrongKeys > 0
  }

  /**
   * Resolves when the KDC may be asked.
   *
   * @param reread reads the keys again, and resolves to whether there are other ones
   * @throws KdcError the refusal that still holds
   */
  async admit(reread: () => Promise<boolean>): Promise<void> {
    const refusal = this.#refusal
    if (refusal && this.#now() < refusal.until && !(await this.#hasOtherKeys(refusal, reread))) throw refusal.error
    this.#refusal = undefined
  }

  /** @param tried the keys that the KDC was shown, the accepted one last */
  noteSuccess(tried: readonly Key[]): void {
    this.#wrongKeys = 0
    this.#worked = tried.at(-1) ?? this.#worked
  }

  /** @param tried the keys that the KDC was shown; without any, the refusal is not about a key */
  noteRefusal(error: KdcError, tried: readonly Key[]): void {
    const isWrongKey = error.code === WRONG_KEY && tried.length > 0
    if (error.answer.unconfirmed && !isWrongKey) return
    const hasWorked = tried.some((key) => this.#worked?.equals(key))
    const wrongKeyFor = this.#wrongKeyFor(tried)
    if (isWrongKey) this.#wrongKeys++
    const wait = isWrongKey ? (hasWorked ? DOUBTED_KEY_FOR : wrongKeyFor) : REFUSED_FOR
    this.#refusal = { error, until: this.#now() + wait, nextLook: 0 }
  }

  #wrongKeyFor(tried: readonly Key[]): number {
    // One key is shown twice when the KDC has told its time.
    const areTwo = tried.some((key) => !key.equals(tried[0]))
    if (areTwo && this.#wrongKeys === 0) return BOTH_KEYS_FOR
    return WRONG_KEY_FOR[Math.min(this.#wrongKeys, WRONG_KEY_FOR.length - 1)]
  }

  async #hasOtherKeys(refusal: Refusal, reread: () => Promise<boolean>): Promise<boolean> {
    if (refusal.error.code !== WRONG_KEY) return false
    const now = this.#now()
    if (now < refusal.nextLook) return false
    refusal.nextLook = now + LOOK_EVERY
    const isOther = await reread()
    if (isOther) this.#wrongKeys = 0
    return isOther
  }
}
