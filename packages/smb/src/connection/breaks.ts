import { Command } from '../wire/header.js'
import { type Break, readBreak } from '../wire/durable.js'

/** What is told of a lease or an oplock that the server takes back. */
export type BreakListener = (change: Break) => void

/**
 * Gives what a server says unasked to the file that it is about. It comes unsigned: all that it can
 * bring about is that a file is not found again after a lost connection.
 */
export class Breaks {
  readonly #listeners = new Map<string, BreakListener>()

  /** @param of the key of a lease, or the id of a file. Returns what ends it. */
  listen(of: Uint8Array, listener: BreakListener): () => void {
    const key = keyOf(of)
    this.#listeners.set(key, listener)
    return () => {
      if (this.#listeners.get(key) === listener) this.#listeners.delete(key)
    }
  }

  /** @throws MalformedTokenError */
  take(command: number, message: Uint8Array): void {
    if (command !== Command.OPLOCK_BREAK) return
    const change = readBreak(message)
    // Later, since it may have come together with the answer that opens the file.
    setImmediate(() => this.#listeners.get(keyOf(change.of))?.(change))
  }
}

const keyOf = (of: Uint8Array): string => Buffer.from(of).toString('hex')
