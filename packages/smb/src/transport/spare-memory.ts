/** Shorter places are made anew, which costs little. Octets. */
const LEAST = 32_768

/** Places that are kept: as many as a stream has requests under way. */
const MOST = 8

/**
 * Memory that is used again: the place of octets that nobody reads any more serves others of about
 * their length. New memory costs more time than it takes to copy the octets there.
 */
export class SpareMemory {
  #places: Uint8Array[] = []

  /** Returns octets of any values. */
  take(length: number): Uint8Array {
    const found = this.#places.findIndex((place) => place.length >= length && place.length <= length * 2)
    const [place] = found < 0 ? [] : this.#places.splice(found, 1)
    return place?.subarray(0, length) ?? new Uint8Array(length)
  }

  /** Takes back what `take` has returned, when nobody reads it any more. */
  giveBack(octets: Uint8Array): void {
    if (octets.length < LEAST || this.#places.length >= MOST) return
    this.#places.push(new Uint8Array(octets.buffer))
  }

  /** Lets go of all places. */
  clear(): void {
    this.#places = []
  }
}
