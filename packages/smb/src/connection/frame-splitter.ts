import { malformedAnswer } from '../errors.js'

/** Octets in front of each frame: 0, and a length of 24 bits. MS-SMB2 section 2.1. */
const PREFIX = 4

/**
 * Cuts what TCP brings into frames. MS-SMB2 section 2.1.
 *
 * A frame that comes in pieces is put together where it will stay, so that neither many small
 * pieces nor long frames cost more memory than the frame has.
 */
export class FrameSplitter {
  readonly #maxFrame: () => number
  readonly #prefix = new Uint8Array(PREFIX)
  #prefixFilled = 0
  #frame: Uint8Array | undefined
  #filled = 0

  /** @param maxFrame the longest frame that is taken now, in octets */
  constructor(maxFrame: () => number) {
    this.#maxFrame = maxFrame
  }

  /** Takes octets and returns the frames that are complete now. @throws MalformedTokenError */
  push(chunk: Uint8Array): readonly Uint8Array[] {
    // `slice` of a Buffer is a view, and that of Uint8Array a copy, which readers count on.
    const octets = new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length)
    const frames: Uint8Array[] = []
    for (let at = 0; at < octets.length;) {
      if (this.#prefixFilled < PREFIX) {
        this.#prefix[this.#prefixFilled++] = octets[at++]
        if (this.#prefixFilled < PREFIX) continue
        const length = this.#nextLength()
        if (at + length <= octets.length) {
          // It is whole: a view, which keeps what came with it.
          frames.push(octets.subarray(at, at + length))
          at += length
          this.#prefixFilled = 0
        } else {
          this.#frame = new Uint8Array(Buffer.allocUnsafeSlow(length).buffer)
          this.#filled = 0
        }
        continue
      }
      at += this.#fill(octets, at, frames)
    }
    return frames
  }

  #fill(octets: Uint8Array, at: number, frames: Uint8Array[]): number {
    const frame = this.#frame ?? new Uint8Array(0)
    const taken = Math.min(frame.length - this.#filled, octets.length - at)
    frame.set(octets.subarray(at, at + taken), this.#filled)
    this.#filled += taken
    if (this.#filled === frame.length) {
      frames.push(frame)
      this.#frame = undefined
      this.#prefixFilled = 0
    }
    return taken
  }

  #nextLength(): number {
    const [type, high, middle, low] = this.#prefix
    if (type !== 0) throw malformedAnswer('frame', 'the octet 0', `${type}`)
    const length = (high << 16) | (middle << 8) | low
    const most = this.#maxFrame()
    if (length > most) throw malformedAnswer('frame.length', `at most ${most} octets`, `${length}`)
    return length
  }
}
