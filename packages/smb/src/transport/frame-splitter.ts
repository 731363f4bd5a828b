import { malformedAnswer } from '../errors.js'

/** Octets in front of each frame: 0, and a length of 24 bits. MS-SMB2 section 2.1. */
const PREFIX = 4

/** Octets that are received at once between long frames: many short frames come together. */
const ROOM = 65_536

/** With less room left than this, new room is taken. Octets. */
const LEAST_ROOM = 8_192

/**
 * Cuts what TCP brings into frames. MS-SMB2 section 2.1.
 *
 * A frame that comes in pieces is put together where it will stay, so that neither many small
 * pieces nor long frames cost more memory than the frame has. Who receives into `space` spares
 * copies: the rest of a long frame comes to its place by itself.
 */
export class FrameSplitter {
  readonly #maxFrame: () => number
  readonly #prefix = new Uint8Array(PREFIX)
  #prefixFilled = 0
  #frame: Uint8Array | undefined
  #filled = 0
  #room: Uint8Array = new Uint8Array(0)
  #spare: Uint8Array | undefined

  /** @param maxFrame the longest frame that is taken now, in octets */
  constructor(maxFrame: () => number) {
    this.#maxFrame = maxFrame
  }

  /** Where the next octets are to be put; `filled` takes them. It has never room for none. */
  get space(): Uint8Array {
    if (this.#frame !== undefined) return this.#frame.subarray(this.#filled)
    if (this.#room.length < LEAST_ROOM) this.#room = newOctets(ROOM)
    return this.#room
  }

  /**
   * Takes octets that were put at the beginning of `space`, and returns the frames that are
   * complete now.
   * @throws MalformedTokenError
   */
  filled(count: number): readonly Uint8Array[] {
    if (this.#frame !== undefined) return this.#advance(this.#frame, count)
    const octets = this.#room.subarray(0, count)
    this.#room = this.#room.subarray(count)
    return this.push(octets)
  }

  /**
   * Takes octets from elsewhere and returns the frames that are complete now.
   * @throws MalformedTokenError
   */
  push(chunk: Uint8Array): readonly Uint8Array[] {
    // `slice` of a Buffer is a view, and that of Uint8Array a copy, which readers count on.
    const octets = new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length)
    const frames: Uint8Array[] = []
    for (let at = 0; at < octets.length;) {
      if (this.#frame !== undefined) {
        const part = octets.subarray(at, at + this.#frame.length - this.#filled)
        this.#frame.set(part, this.#filled)
        frames.push(...this.#advance(this.#frame, part.length))
        at += part.length
        continue
      }
      this.#prefix[this.#prefixFilled++] = octets[at++]
      if (this.#prefixFilled < PREFIX) continue
      this.#prefixFilled = 0
      const length = this.#nextLength()
      if (at + length <= octets.length) {
        // It is whole: a view, which keeps what came with it.
        frames.push(octets.subarray(at, at + length))
        at += length
      } else this.#begin(length)
    }
    return frames
  }

  /**
   * Takes back the memory of a frame that nobody has any more: the next one of its length may be
   * put there. Of a frame that shares its memory with others nothing is kept.
   */
  reuse(frame: Uint8Array): void {
    if (frame.length === frame.buffer.byteLength) this.#spare = frame
  }

  /** Keeps no memory for frames to come. */
  rest(): void {
    this.#spare = undefined
  }

  #begin(length: number): void {
    const spare = this.#spare
    this.#spare = undefined
    this.#frame = spare?.length === length ? spare : newOctets(length)
    this.#filled = 0
  }

  #advance(frame: Uint8Array, count: number): readonly Uint8Array[] {
    this.#filled += count
    if (this.#filled < frame.length) return []
    this.#frame = undefined
    return [frame]
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

/** Octets whose values are left as they are: each is written before it is read. */
const newOctets = (length: number): Uint8Array => new Uint8Array(Buffer.allocUnsafeSlow(length).buffer)
