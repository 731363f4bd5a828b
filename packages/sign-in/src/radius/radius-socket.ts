import { createSocket, type Socket } from 'node:dgram'
import { lookup } from 'node:dns/promises'
import type { AccessAnswer } from './access-answer.js'
import { PendingRequest, type RadiusExchange } from './pending-request.js'
import type { RadiusServer } from './radius-options.js'

/** The identifier is one octet. */
const IDENTIFIERS = 256

/**
 * The longest use of one socket; milliseconds. The name of a server may get another address, and so
 * may this machine.
 */
const MAX_AGE = 60_000

/** How long an idle socket stays open; milliseconds. */
const IDLE_FOR = 10_000

/**
 * A socket that is connected to one server: the system drops datagrams from other addresses, and
 * reports a closed port. It carries up to 256 requests at a time, which their identifiers keep
 * apart. RFC 2865 section 2.5.
 */
export class RadiusSocket {
  readonly #socket: Socket
  readonly #pending = new Map<number, PendingRequest>()
  readonly #until = performance.now() + MAX_AGE
  readonly #idleTimer: NodeJS.Timeout
  /** Used in turn, so that an identifier is used again as late as possible. */
  #nextIdentifier = 0
  #isOpen = true

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('message', (bytes) => this.#pending.get(bytes[1])?.receive(bytes))
    socket.on('error', (error) => this.close(error))
    socket.unref()
    this.#idleTimer = setTimeout(() => this.#pending.size === 0 && this.close(), IDLE_FOR).unref()
  }

  static async connect({ host, port }: RadiusServer): Promise<RadiusSocket> {
    const { address, family } = await lookup(host)
    const socket = createSocket(family === 6 ? 'udp6' : 'udp4')
    const connected = new Promise<void>((resolve, reject) => {
      socket.once('error', reject)
      socket.connect(port, address, (failure?: Error) => (failure ? reject(failure) : resolve()))
    })
    await connected.catch((error: unknown) => {
      socket.close()
      throw error
    })
    socket.removeAllListeners('error')
    return new RadiusSocket(socket)
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  get hasRoom(): boolean {
    return this.#isOpen && this.#pending.size < IDENTIFIERS && performance.now() < this.#until
  }

  /** Asks the server. The socket has room. See `PendingRequest.answer`. */
  async exchange(exchange: RadiusExchange): Promise<AccessAnswer | undefined> {
    const identifier = this.#takeIdentifier()
    const request = new PendingRequest(exchange, identifier)
    this.#pending.set(identifier, request)
    this.#socket.ref()
    try {
      request.start((bytes) => this.#socket.send(bytes))
      return await request.answer
    } finally {
      this.#release(identifier)
    }
  }

  close(reason?: unknown): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    clearTimeout(this.#idleTimer)
    this.#socket.close()
    for (const request of this.#pending.values()) request.fail(reason)
  }

  #takeIdentifier(): number {
    while (this.#pending.has(this.#nextIdentifier)) this.#nextIdentifier = (this.#nextIdentifier + 1) % IDENTIFIERS
    const identifier = this.#nextIdentifier
    this.#nextIdentifier = (identifier + 1) % IDENTIFIERS
    return identifier
  }

  #release(identifier: number): void {
    this.#pending.delete(identifier)
    if (this.#pending.size > 0 || !this.#isOpen) return
    this.#socket.unref()
    this.#idleTimer.refresh()
  }
}
