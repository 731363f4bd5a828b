import { S4uError } from '@s4u/krb5'
import { type AccessAnswer, openAccessAnswer } from './access-answer.js'
import type { SealedAccessRequest } from './access-request.js'

/** One question to one server. */
export interface RadiusExchange {
  readonly seal: (identifier: number) => SealedAccessRequest
  readonly secret: Uint8Array
  /** Whether TLS protects the answer: then it may come without Message-Authenticator. */
  readonly isProtected: boolean
  /** How long each try waits; milliseconds. */
  readonly waits: readonly number[]
  readonly signal: AbortSignal
  /** Called with each datagram that is not the answer. */
  readonly onDiscarded: (reason: S4uError) => void
}

/**
 * A request on its way. It is sent again, octet for octet, after each wait (RFC 5080 section
 * 2.2.1), until an answer is proven to be the server's.
 */
export class PendingRequest {
  /**
   * The answer; undefined if the last wait ended without one. Rejects with what the system reports,
   * such as ECONNREFUSED, and with the reason of the signal.
   */
  readonly answer: Promise<AccessAnswer | undefined>
  readonly #exchange: RadiusExchange
  readonly #request: SealedAccessRequest
  #timer: NodeJS.Timeout | undefined
  #resolve: (answer: AccessAnswer | undefined) => void = () => {}
  #reject: (reason: unknown) => void = () => {}
  readonly #abort = (): void => this.fail(this.#exchange.signal.reason)

  constructor(exchange: RadiusExchange, identifier: number) {
    this.#exchange = exchange
    this.#request = exchange.seal(identifier)
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  start(send: (bytes: Uint8Array) => void): void {
    const { signal, waits } = this.#exchange
    if (signal.aborted) return this.#abort()
    signal.addEventListener('abort', this.#abort, { once: true })
    return this.#try(send, waits)
  }

  /** Takes a datagram. What is not the answer may be forged, so the wait for the answer goes on. */
  receive(bytes: Uint8Array): void {
    const { secret, isProtected, onDiscarded } = this.#exchange
    try {
      const answer = openAccessAnswer(bytes, this.#request, { secret, isProtected })
      this.#end()
      this.#resolve(answer)
    } catch (error) {
      if (!S4uError.is(error)) throw error
      onDiscarded(error)
    }
  }

  fail(reason: unknown): void {
    this.#end()
    this.#reject(reason)
  }

  #try(send: (bytes: Uint8Array) => void, [wait, ...more]: readonly number[]): void {
    if (wait === undefined) {
      this.#end()
      return this.#resolve(undefined)
    }
    this.#timer = setTimeout(() => this.#try(send, more), wait)
    return send(this.#request.bytes)
  }

  #end(): void {
    clearTimeout(this.#timer)
    this.#exchange.signal.removeEventListener('abort', this.#abort)
  }
}
