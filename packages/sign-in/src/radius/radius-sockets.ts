import type { AccessAnswer } from './access-answer.js'
import type { RadiusExchange } from './pending-request.js'
import type { RadiusServer } from './radius-options.js'
import { DatagramRadiusSocket, type RadiusSocket } from './radius-socket.js'
import type { RadiusTlsSettings } from './tls-options.js'
import { TlsRadiusSocket } from './tls-socket.js'

/**
 * The most sockets of datagrams to one server: with 256 requests on each, more than a server of
 * one-time passwords answers.
 */
const MAX_SOCKETS = 4

/** The most requests that wait for a connection over TLS; for others there would be no time. */
const MAX_WAITING = 1_000

/** The open sockets of all servers. */
export class RadiusSockets {
  readonly #open = new Map<RadiusServer, RadiusSocket[]>()
  /** One new socket at a time for each server: those who wait for it share it. */
  readonly #opening = new Map<RadiusServer, Promise<void>>()
  readonly #rooms = new Map<RadiusServer, Room>()
  readonly #tls: RadiusTlsSettings | undefined
  #isClosed = false

  /** @param tls undefined: the servers are asked by datagrams */
  constructor(tls: RadiusTlsSettings | undefined) {
    this.#tls = tls
  }

  /**
   * Asks one server.
   *
   * @returns undefined if the last wait ends without an answer
   * @throws what the system reports; RangeError if too many requests are on the way
   */
  async exchange(server: RadiusServer, exchange: RadiusExchange): Promise<AccessAnswer | undefined> {
    for (;;) {
      const socket = this.#withRoom(server)
      if (socket !== undefined) return socket.exchange(exchange).finally(() => this.#rooms.get(server)?.free())
      await (this.#isFull(server) ? this.#waitForRoom(server) : this.#openOneMore(server))
      exchange.signal.throwIfAborted()
    }
  }

  /** Closes all sockets. Requests that are on their way are rejected with the reason. */
  close(reason: unknown): void {
    this.#isClosed = true
    for (const sockets of this.#open.values()) for (const socket of sockets) socket.close(reason)
    this.#open.clear()
    for (const room of this.#rooms.values()) room.free()
  }

  #isFull(server: RadiusServer): boolean {
    const most = this.#tls?.connections ?? MAX_SOCKETS
    return !this.#opening.has(server) && this.#openTo(server) >= most
  }

  #openTo(server: RadiusServer): number {
    return this.#open.get(server)?.length ?? 0
  }

  /**
   * Resolves when a request has ended: all who wait look again, in the order in which they came.
   */
  #waitForRoom(server: RadiusServer): Promise<void> {
    const room = this.#rooms.get(server) ?? new Room()
    this.#rooms.set(server, room)
    if (this.#tls === undefined || room.waiting >= MAX_WAITING)
      throw new RangeError('too many requests are on their way to it')
    return room.wait()
  }

  #withRoom(server: RadiusServer): RadiusSocket | undefined {
    const sockets = (this.#open.get(server) ?? []).filter((socket) => socket.isOpen)
    this.#open.set(server, sockets)
    return sockets.find((socket) => socket.hasRoom)
  }

  #openOneMore(server: RadiusServer): Promise<void> {
    const opening = this.#opening.get(server)
    if (opening !== undefined) return opening
    const opened = this.#connect(server)
      .then((socket) => this.#add(server, socket))
      .finally(() => this.#opening.delete(server))
      // A server takes so many connections and no more: the request goes over one of those then.
      .catch((error: unknown) => {
        if (this.#tls === undefined || this.#openTo(server) === 0) throw error
        return this.#waitForRoom(server)
      })
    this.#opening.set(server, opened)
    return opened
  }

  #connect(server: RadiusServer): Promise<RadiusSocket> {
    return this.#tls === undefined ? DatagramRadiusSocket.connect(server) : TlsRadiusSocket.connect(server, this.#tls)
  }

  #add(server: RadiusServer, socket: RadiusSocket): void {
    if (this.#isClosed) socket.close()
    else this.#open.set(server, [...(this.#open.get(server) ?? []), socket])
  }
}

/** Those who wait until a connection is free. */
class Room {
  #waiting: (() => void)[] = []

  get waiting(): number {
    return this.#waiting.length
  }

  wait(): Promise<void> {
    return new Promise((resolve) => void this.#waiting.push(resolve))
  }

  free(): void {
    for (const resume of this.#waiting.splice(0)) resume()
  }
}
