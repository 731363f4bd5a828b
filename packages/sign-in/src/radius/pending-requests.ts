import type { AccessAnswer } from './access-answer.js'
import { PendingRequest, type RadiusExchange } from './pending-request.js'

/** The identifier is one octet. */
const IDENTIFIERS = 256

/** What one use of a socket needs to know of those who wait. */
export interface PendingRequestsDeps {
  readonly send: (bytes: Uint8Array) => void
  /** The first request has begun to wait. */
  readonly onBusy: () => void
  /** The last one has its end. */
  readonly onIdle: () => void
}

/**
 * The requests on their way over one socket: up to 256, which their identifiers keep apart. RFC
 * 2865 section 2.5.
 */
export class PendingRequests {
  readonly #deps: PendingRequestsDeps
  readonly #pending = new Map<number, PendingRequest>()
  /** Used in turn, so that an identifier is used again as late as possible. */
  #next = 0

  constructor(deps: PendingRequestsDeps) {
    this.#deps = deps
  }

  get isEmpty(): boolean {
    return this.#pending.size === 0
  }

  get hasRoom(): boolean {
    return this.#pending.size < IDENTIFIERS
  }

  /** Sends a request, for which there is room. See `PendingRequest.answer`. */
  async exchange(exchange: RadiusExchange): Promise<AccessAnswer | undefined> {
    const identifier = this.#takeIdentifier()
    const request = new PendingRequest(exchange, identifier)
    this.#pending.set(identifier, request)
    this.#deps.onBusy()
    try {
      request.start(this.#deps.send)
      return await request.answer
    } finally {
      this.#pending.delete(identifier)
      if (this.isEmpty) this.#deps.onIdle()
    }
  }

  /** Takes a packet, for the request whose identifier it has. */
  receive(bytes: Uint8Array): void {
    this.#pending.get(bytes[1])?.receive(bytes)
  }

  fail(reason: unknown): void {
    for (const request of this.#pending.values()) request.fail(reason)
  }

  #takeIdentifier(): number {
    while (this.#pending.has(this.#next)) this.#next = (this.#next + 1) % IDENTIFIERS
    const identifier = this.#next
    this.#next = (identifier + 1) % IDENTIFIERS
    return identifier
  }
}
