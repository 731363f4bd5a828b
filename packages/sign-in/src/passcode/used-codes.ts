import { userPartOf } from '@s4u/negotiate'
import type { ReplayStore } from '@s4u/acceptor'
import { RejectedTokenError } from '@s4u/krb5'
import { isFirstUse } from '../replay/first-use.js'

export interface UsedCodesDeps {
  readonly store: ReplayStore
  /** Milliseconds; 0: codes are taken again. */
  readonly usedFor: number
  readonly now: () => number
  readonly digest: (text: string) => Uint8Array
}

/**
 * Remembers codes that were right, each for its user, so that somebody who has seen one typed does
 * not use it too. RFC 6238 section 5.2.
 */
export class UsedCodes {
  readonly #deps: UsedCodesDeps

  constructor(deps: UsedCodesDeps) {
    this.#deps = deps
  }

  /**
   * Requires that a right code was not used before. A store tells replays of one time of expiry
   * from one another, so time is cut into spans, and a code is remembered for this one and the one
   * before: of two uses in one span or in two that touch, one is the first.
   *
   * @throws RejectedTokenError KRB_AP_ERR_REPEAT; of the status 503 where the store cannot tell
   */
  async requireFirst(user: string, code: string): Promise<void> {
    const { store, usedFor, now, digest } = this.#deps
    if (usedFor === 0) return
    const span = Math.floor(now() / usedFor)
    for (const one of [span - 1, span]) {
      const key = digest(JSON.stringify([one, userPartOf(user), code]))
      const use = { digest: key, expiresAt: (one + 2) * usedFor, issuedAt: now() - usedFor }
      if (!(await isFirstUse(store, use))) throw used(user)
    }
  }
}

function used(user: string): RejectedTokenError {
  return new RejectedTokenError(`the code of ${user} was used before`, {
    code: 'KRB_AP_ERR_REPEAT',
    hint: 'The user has to wait for the next code; or somebody else has seen this one. A server that asks a telephone needs usedFor: 0.',
  })
}
