import { ConfigurationError } from '@s4u/krb5'

/** One caller has at most this part of the places, so that some are left for the others. */
const PART_OF_CALLER = 8

/** So many places one caller has in any case: a browser asks for six files at once. */
const FEW = 8

/**
 * The places of answers that are under way. Each keeps memory and a file of the file server for as
 * long as its client reads, so that their number is bounded.
 */
export class AnswerPlaces {
  readonly #most: number
  readonly #mostOfCaller: number
  readonly #taken = new Map<string, number>()
  #count = 0

  constructor(most: number) {
    this.#most = most
    this.#mostOfCaller = Math.max(FEW, Math.ceil(most / PART_OF_CALLER))
  }

  /**
   * Takes a place, and returns what gives it back.
   * @throws ConfigurationError S4U_TOO_MANY_REQUESTS, with status 503
   */
  take(principal: string): () => void {
    const own = this.#taken.get(principal) ?? 0
    if (this.#count >= this.#most) throw tooMany(`${this.#most} files are sent at once`)
    if (own >= this.#mostOfCaller) throw tooMany(`${principal} has ${own} files sent at once`)
    this.#count++
    this.#taken.set(principal, own + 1)
    let isGiven = false
    return () => {
      if (isGiven) return
      isGiven = true
      this.#count--
      const left = (this.#taken.get(principal) ?? 1) - 1
      if (left === 0) this.#taken.delete(principal)
      else this.#taken.set(principal, left)
    }
  }
}

function tooMany(why: string): ConfigurationError {
  return new ConfigurationError(`serveShare: ${why}, which is as many as maxAnswers permits`, {
    code: 'S4U_TOO_MANY_REQUESTS',
    status: 503,
    hint: 'Raise maxAnswers as far as the memory goes: each takes up to 1 MiB. If it is one caller, look for a client that reads slowly or not at all.',
  })
}
