/**
 * Keeps octets in the pieces in which they arrive. Pieces are joined once, when the octets are
 * read, and not at each arrival.
 *
 * @example
 * ```ts
 * import { OctetQueue } from '@s4u/sasl'
 *
 * const queue = new OctetQueue()
 * for (const chunk of [[0, 0], [0, 3, 7]]) queue.push(Uint8Array.from(chunk))
 * console.log(queue.take(4).join(' '), 'and', queue.length) // 0 0 0 3 and 1
 * ```
 */
export class OctetQueue {
  #chunks: Uint8Array[] = []
  #length = 0

  get length(): number {
    return this.#length
  }

  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return
    this.#chunks.push(chunk)
    this.#length += chunk.length
  }

  /** Returns the first octets, and keeps them; returns fewer if the queue has fewer. */
  peek(count: number): Uint8Array {
    const [first] = this.#chunks
    if (first === undefined) return NOTHING
    if (first.length >= count) return first.subarray(0, count)
    const octets = new Uint8Array(Math.min(count, this.#length))
    let at = 0
    for (const chunk of this.#chunks) {
      if (at === octets.length) break
      const part = chunk.subarray(0, octets.length - at)
      octets.set(part, at)
      at += part.length
    }
    return octets
  }

  /** Removes and returns the first octets. The queue must have that many. */
  take(count: number): Uint8Array {
    const octets = this.peek(count)
    let left = count
    let whole = 0
    while (left > 0 && this.#chunks[whole].length <= left) left -= this.#chunks[whole++].length
    this.#chunks = this.#chunks.slice(whole)
    if (left > 0) this.#chunks[0] = this.#chunks[0].subarray(left)
    this.#length -= count
    return octets
  }
}

const NOTHING: Uint8Array = new Uint8Array(0)
