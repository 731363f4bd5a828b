import { RejectedTokenError, type SealedTexts, type SignInSite } from '@s4u/negotiate'
import type { RadiusChallenge } from '../radius/radius-client.js'

/** A round with a RADIUS server that has not ended. */
export interface OpenChallenge {
  readonly user: string
  /** How many times the server has asked. */
  readonly round: number
  readonly challenge: RadiusChallenge
}

/** Longer than anybody looks for a telephone; milliseconds. */
const LIFETIME = 180_000

/** As many as a new PIN, its repetition and the next code take, and some. */
const MAX_ROUNDS = 6

/**
 * Carries the State of a RADIUS server through the page, sealed: no instance has to remember it,
 * and nobody else can read it, or answer in another user's name.
 */
export class ChallengeSeal {
  readonly #seal: SealedTexts

  constructor(site: Pick<SignInSite, 'sealFor'>) {
    this.#seal = site.sealFor('challenge')
  }

  /** @throws RejectedTokenError for a server that asks without end */
  seal({ user, round, challenge: { server, state } }: OpenChallenge): string {
    if (round > MAX_ROUNDS)
      throw new RejectedTokenError(`${server} asked for a code ${round} times, and does not come to an end`, {
        code: 'KDC_ERR_PREAUTH_FAILED',
        status: 502,
      })
    const hex = state && Buffer.from(state).toString('hex')
    return this.#seal.seal(JSON.stringify([user, round, server, hex]), LIFETIME)
  }

  /** @throws RejectedTokenError S4U_STALE_FORM, 403 */
  open(sealed: string): OpenChallenge {
    const text = this.#seal.open(sealed)
    if (text === undefined)
      throw new RejectedTokenError('the question for a code is too old, or was not asked here', {
        code: 'S4U_STALE_FORM',
        status: 403,
      })
    const [user, round, server, hex]: [string, number, string, string | null] = JSON.parse(text)
    const state = hex === null ? undefined : Uint8Array.from(Buffer.from(hex, 'hex'))
    return { user, round, challenge: { server, state } }
  }
}
