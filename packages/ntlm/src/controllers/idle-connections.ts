import { setImmediate as turnOfTheLoop } from 'node:timers/promises'
import type { OpenConnection } from './channel-session.js'

/**
 * Sealed connections that stand between calls. A response that is sent over one that is dead gets
 * no verdict and cannot be sent again, so those are not given out.
 */
export class IdleConnections {
  readonly #limit: number
  readonly #now: () => number
  readonly #idle: { readonly connection: OpenConnection; readonly since: number }[] = []

  /** @param limit how many are kept */
  constructor(limit: number, now: () => number) {
    this.#limit = limit
    this.#now = now
  }

  /** Returns the one that was put back last; undefined where none stands. */
  async take(): Promise<OpenConnection | undefined> {
    if (this.#idle.length === 0) return undefined
    // In the second turn the ends that have come since the last one are told.
    await turnOfTheLoop()
    await turnOfTheLoop()
    for (let idle = this.#idle.pop(); idle !== undefined; idle = this.#idle.pop()) {
      const { connection, since } = idle
      const { socket, association } = connection
      if (socket.isOpen && association.isUsable && this.#now() - since <= MAX_IDLE) {
        socket.hold(true)
        return connection
      }
      socket.close()
    }
    return undefined
  }

  put(connection: OpenConnection): void {
    const { socket, association } = connection
    if (this.#idle.length >= this.#limit || !association.isUsable) return socket.close()
    socket.hold(false)
    this.#idle.push({ connection, since: this.#now() })
  }

  close(): void {
    for (const { connection } of this.#idle.splice(0)) connection.socket.close()
  }
}

/** Firewalls forget connections on which nothing is said, and tell nobody; milliseconds. */
const MAX_IDLE = 60_000
