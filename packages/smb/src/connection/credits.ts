import { distrusted } from '../errors.js'

/** Octets that one credit pays for. MS-SMB2 section 3.1.5.2. */
export const CREDIT_OCTETS = 65_536

/** Credits that we like to hold: enough for four requests of 8 MiB. */
const WANTED = 512

/** More credits than this are not counted, whatever a server grants. */
const MOST = 8_192

interface Waiting {
  readonly charge: number
  readonly take: (messageId: bigint) => void
  readonly fail: (reason: unknown) => void
}

/**
 * The credits of a connection, and the message ids that they pay for. A request waits for its turn
 * until the credits that it costs are there. MS-SMB2 section 3.2.4.1.2.
 */
export class Credits {
  #available = 1
  #inFlight = 0
  #nextId = 0n
  #waiting: Waiting[] = []

  /** Credits that are there, or will be again. */
  get held(): number {
    return this.#available + this.#inFlight
  }

  /** Whether a request waits for credits. */
  get isAwaited(): boolean {
    return this.#waiting.length > 0
  }

  /** What a request of this charge asks for. */
  wantedWith(charge: number): number {
    return Math.max(charge, WANTED - this.#available)
  }

  /**
   * Takes credits, and resolves to the first of as many message ids.
   * @throws RejectedTokenError STATUS_INSUFFICIENT_RESOURCES where they will never be there
   */
  take(charge: number, signal: AbortSignal | undefined): Promise<bigint> | bigint {
    if (this.#waiting.length === 0 && charge <= this.#available) return this.#spend(charge)
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        this.#waiting = this.#waiting.filter((each) => each !== waiting)
        reject(signal?.reason)
        this.#serve()
      }
      const end = (): void => signal?.removeEventListener('abort', abort)
      const waiting: Waiting = {
        charge,
        take: (messageId) => {
          end()
          resolve(messageId)
        },
        fail: (reason) => {
          end()
          reject(reason)
        },
      }
      this.#waiting.push(waiting)
      signal?.addEventListener('abort', abort, { once: true })
      this.#serve()
    })
  }

  /** Counts what a response grants. */
  grant(granted: number): void {
    this.#available = Math.min(MOST, this.#available + granted)
    if (granted > 0) this.#serve()
  }

  /** A request of this charge has its last answer: what it cost is gone. */
  settle(charge: number): void {
    this.#inFlight -= charge
    this.#serve()
  }

  fail(reason: unknown): void {
    for (const waiting of this.#waiting.splice(0)) waiting.fail(reason)
  }

  #spend(charge: number): bigint {
    this.#available -= charge
    this.#inFlight += charge
    const id = this.#nextId
    this.#nextId += BigInt(charge)
    return id
  }

  #serve(): void {
    for (;;) {
      const [first] = this.#waiting
      if (first === undefined) return
      if (first.charge <= this.#available) {
        this.#waiting.shift()
        first.take(this.#spend(first.charge))
      } else if (this.#inFlight === 0) {
        this.#waiting.shift()
        first.fail(starved(first.charge, this.#available))
      } else return
    }
  }
}

function starved(charge: number, available: number): Error {
  return distrusted(
    'STATUS_INSUFFICIENT_RESOURCES',
    `the server grants ${available} credits, and the request costs ${charge}`,
    'The file server is overloaded, or is none: without credits nothing more can be asked on this connection.',
  )
}
