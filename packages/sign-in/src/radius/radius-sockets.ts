import type { AccessAnswer } from './access-answer.js'
import type { RadiusExchange } from './pending-request.js'
import type { RadiusServer } from './radius-options.js'
import { RadiusSocket } from './radius-socket.js'

/**
 * The most sockets to one server: with 256 requests on each, more than a server of one-time
 * passwords answers.
 */
const MAX_SOCKETS = 4

/** The open sockets of all servers. */
export class RadiusSockets {
  readonly #open = new Map<RadiusServer, RadiusSocket[]>()
  /** One new socket at a time for each server: those who wait for it share it. */
  readonly #opening = new Map<RadiusServer, Promise<void>>()
  #isClosed = false

  /**
   * Asks one server.
   *
   * @returns undefined if the last wait ends without an answer
   * @throws what the system reports; RangeError if too many requests are on the way
   */
  async exchange(server: RadiusServer, exchange: RadiusExchange): Promise<AccessAnswer | undefined> {
    for (;;) {
      const socket = this.#withRoom(server)
      if (socket !== undefined) return socket.exchange(exchange)
      await this.#openOneMore(server)
      exchange.signal.throwIfAborted()
    }
  }

  /** Closes all sockets. Requests that are on their way are rejected with the reason. */
  close(reason: unknown): void {
    this.#isClosed = true
    for (const sockets of this.#open.values()) for (const socket of sockets) socket.close(reason)
    this.#open.clear()
  }

  #withRoom(server: RadiusServer): RadiusSocket | undefined {
    const sockets = (this.#open.get(server) ?? []).filter((socket) => socket.isOpen)
    this.#open.set(server, sockets)
    return sockets.find((socket) => socket.hasRoom)
  }

  #openOneMore(server: RadiusServer): Promise<void> {
    const opening = this.#opening.get(server)
    if (opening !== undefined) return opening
    if ((this.#open.get(server)?.length ?? 0) >= MAX_SOCKETS)
      throw new RangeError('too many requests are on their way to it')
    const opened = RadiusSocket.connect(server)
      .then((socket) => this.#add(server, socket))
      .finally(() => this.#opening.delete(server))
    this.#opening.set(server, opened)
    return opened
  }

  #add(server: RadiusServer, socket: RadiusSocket): void {
    if (this.#isClosed) socket.close()
    else this.#open.set(server, [...(this.#open.get(server) ?? []), socket])
  }
}
