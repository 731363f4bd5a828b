import { type ErrorDetails, MalformedTokenError, S4uError } from '@s4u/krb5'
import type { Socket } from 'node:net'
import { OctetQueue } from './octet-queue.js'

/**
 * A server that could not be reached, or did not answer in time.
 *
 * @example
 * ```ts
 * import { ServerUnreachableError } from '@s4u/sasl'
 *
 * // Whether the database is down, and has not refused the caller.
 * export const isDown = (error: unknown) => error instanceof ServerUnreachableError
 * ```
 */
export class ServerUnreachableError extends S4uError {
  override readonly name = 'ServerUnreachableError'

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, { status: 504, code: 'S4U_TIMEOUT', ...details })
  }
}

export function timedOut(spn: string, timeLimit: number): ServerUnreachableError {
  return new ServerUnreachableError(`the handshake with ${spn} took longer than ${timeLimit} ms`, {
    hint: 'See whether the server and the KDC answer. The limit is the option timeLimit.',
  })
}

const LF = 0x0a

/** Reads octets, or lines, of a handshake from a socket. */
export class HandshakeReader {
  readonly #socket: Socket
  readonly #queue = new OctetQueue()
  readonly #closedEarly: () => Error
  #waiting:
    | { readonly count: number; readonly resolve: () => void; readonly reject: (error: Error) => void }
    | undefined
  #failure: Error | undefined

  /** @param closedEarly makes the error for a server that ends the connection */
  constructor(socket: Socket, closedEarly: () => Error) {
    this.#socket = socket
    this.#closedEarly = closedEarly
    socket.on('data', this.#onData).on('error', this.#onError).on('close', this.#onClose)
  }

  /** Resolves when a socket is connected. @throws what the socket says */
  static untilConnected(socket: Socket): Promise<void> {
    return new Promise((resolve, reject) => {
      socket.once('error', reject).once('connect', () => {
        socket.off('error', reject)
        resolve()
      })
    })
  }

  /** How many octets have come that nobody has read. */
  get pending(): number {
    return this.#queue.length
  }

  async read(count: number): Promise<Uint8Array> {
    if (this.#queue.length < count) await this.#untilPending(count)
    return this.#queue.take(count)
  }

  /**
   * Resolves to the next line, without its end (CRLF).
   * @param limit the longest line that is taken, in octets
   * @throws MalformedTokenError; what the socket says
   */
  async readLine(limit: number): Promise<string> {
    for (;;) {
      const seen = this.#queue.peek(limit)
      const end = seen.indexOf(LF)
      if (end >= 0) return new TextDecoder('latin1').decode(this.#queue.take(end + 1)).replace(/\r?\n$/, '')
      if (seen.length >= limit)
        throw new MalformedTokenError({
          path: 'line',
          expected: `a line of at most ${limit} octets`,
          found: 'a longer one',
          status: 502,
        })
      await this.#untilPending(seen.length + 1)
    }
  }

  #untilPending(count: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting = { count, resolve, reject }
      if (this.#failure !== undefined) reject(this.#failure)
    })
  }

  /** Gives the socket back. */
  release(): void {
    this.#socket.off('data', this.#onData).off('error', this.#onError).off('close', this.#onClose)
  }

  #onData = (chunk: Uint8Array): void => {
    this.#queue.push(chunk)
    if (this.#waiting !== undefined && this.#queue.length >= this.#waiting.count) this.#waiting.resolve()
  }

  #onError = (error: Error): void => {
    this.#failure ??= error
    this.#waiting?.reject(this.#failure)
  }

  #onClose = (): void => this.#onError(this.#closedEarly())
}
