import { malformedAnswer } from '../errors.js'
import { concat } from '../wire/octets.js'

/**
 * Cuts what TCP brings into frames: four octets, 0 and a length of 24 bits, and so many more.
 * MS-SMB2 section 2.1.
 */
export class FrameSplitter {
  readonly #maxFrame: () => number
  #parts: Uint8Array[] = []
  #length = 0

  /** @param maxFrame the longest frame that is taken now, in octets */
  constructor(maxFrame: () => number) {
    this.#maxFrame = maxFrame
  }

  /** Takes octets and returns the frames that are complete now. @throws MalformedTokenError */
  push(octets: Uint8Array): readonly Uint8Array[] {
    this.#parts.push(octets)
    this.#length += octets.length
    const frames: Uint8Array[] = []
    for (;;) {
      const length = this.#nextLength()
      if (length === undefined || this.#length < 4 + length) return frames
      const whole = this.#parts.length === 1 ? this.#parts[0] : concat(...this.#parts)
      frames.push(whole.subarray(4, 4 + length))
      this.#parts = [whole.subarray(4 + length)]
      this.#length -= 4 + length
    }
  }

  #nextLength(): number | undefined {
    if (this.#length < 4) return undefined
    if (this.#parts[0].length < 4) this.#parts = [concat(...this.#parts)]
    const [type, high, middle, low] = this.#parts[0]
    if (type !== 0) throw malformedAnswer('frame', 'the octet 0', `${type}`)
    const length = (high << 16) | (middle << 8) | low
    const most = this.#maxFrame()
    if (length > most) throw malformedAnswer('frame.length', `at most ${most} octets`, `${length}`)
    return length
  }
}
