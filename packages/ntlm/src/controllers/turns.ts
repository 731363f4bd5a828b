import { NetlogonUnreachableError } from '../errors.js'

/** Lets so many act at the same time; a bounded number of others wait, in order. */
export class Turns {
  #free: number
  readonly #maxWaiting: number
  readonly #waiting: (() => void)[] = []

  constructor(limit: number, maxWaiting: number) {
    this.#free = limit
    this.#maxWaiting = maxWaiting
  }

  /** @throws NetlogonUnreachableError where too many wait, or `signal` ends the wait */
  async run<T>(signal: AbortSignal, act: () => Promise<T>): Promise<T> {
    await this.#take(signal)
    try {
      return await act()
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#free++
      else next()
    }
  }

  async #take(signal: AbortSignal): Promise<void> {
    if (this.#free > 0) return void this.#free--
    if (this.#waiting.length >= this.#maxWaiting) throw busy('too many responses wait for a domain controller')
    await new Promise<void>((resolve, reject) => {
      const late = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(turn), 1)
        reject(busy('no domain controller had time for a response'))
      }
      const turn = (): void => {
        signal.removeEventListener('abort', late)
        resolve()
      }
      this.#waiting.push(turn)
      signal.addEventListener('abort', late, { once: true })
      if (signal.aborted) late()
    })
  }
}

function busy(message: string): NetlogonUnreachableError {
  return new NetlogonUnreachableError(message, { code: 'S4U_SIGN_IN_BUSY' })
}
