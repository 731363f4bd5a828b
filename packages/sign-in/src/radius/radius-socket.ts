import { createSocket, type Socket } from 'node:dgram'
import { lookup } from 'node:dns/promises'
import type { AccessAnswer } from './access-answer.js'
import type { RadiusExchange } from './pending-request.js'
import { PendingRequests } from './pending-requests.js'
import type { RadiusServer } from './radius-options.js'

/**
 * The longest use of one socket; milliseconds. The name of a server may get another address, and so
 * may this machine.
 */
export const MAX_AGE = 60_000

/** How long an idle socket stays open; milliseconds. */
export const IDLE_FOR = 10_000

/** A way to one server that carries several requests at a time. */
export interface RadiusSocket {
  readonly isOpen: boolean
  readonly hasRoom: boolean
  /** Asks the server. The socket has room. See `PendingRequest.answer`. */
  exchange(exchange: RadiusExchange): Promise<AccessAnswer | undefined>
  close(reason?: unknown): void
}

/**
 * A socket of datagrams that is connected to one server: the system drops datagrams from other
 * addresses, and reports a closed port.
 */
export class DatagramRadiusSocket implements RadiusSocket {
  readonly #socket: Socket
  readonly #pending: PendingRequests
  readonly #until = performance.now() + MAX_AGE
  readonly #idleTimer: NodeJS.Timeout
  #isOpen = true

  private constructor(socket: Socket) {
    this.#socket = socket
    this.#pending = new PendingRequests({
      send: (bytes) => this.#socket.send(bytes),
      onBusy: () => this.#socket.ref(),
      onIdle: () => this.#rest(),
    })
    socket.on('message', (bytes) => this.#pending.receive(bytes))
    socket.on('error', (error) => this.close(error))
    socket.unref()
    this.#idleTimer = setTimeout(() => this.#pending.isEmpty && this.close(), IDLE_FOR).unref()
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
    return new DatagramRadiusSocket(socket)
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  get hasRoom(): boolean {
    return this.#isOpen && this.#pending.hasRoom && performance.now() < this.#until
  }

  exchange(exchange: RadiusExchange): Promise<AccessAnswer | undefined> {
    return this.#pending.exchange(exchange)
  }

  close(reason?: unknown): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    clearTimeout(this.#idleTimer)
    this.#socket.close()
    this.#pending.fail(reason)
  }

  #rest(): void {
    if (!this.#isOpen) return
    this.#socket.unref()
    this.#idleTimer.refresh()
  }
}
