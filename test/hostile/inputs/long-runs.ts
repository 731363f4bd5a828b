/**
 * Copies of a seed with a long run of one character inside: an expression that begins anew at each
 * of them takes the square of its length.
 */
export function* longRuns(seed: Uint8Array, length: number): Generator<Uint8Array> {
  const places = [Math.min(7, seed.length), seed.length >> 1, seed.length]
  for (const octet of OCTETS)
    for (const at of new Set(places)) {
      const bytes = new Uint8Array(seed.length + length + 1)
      bytes.set(seed.subarray(0, at))
      bytes.fill(octet, at, at + length)
      // What ends the run is none of its kind.
      bytes[at + length] = 0x41
      bytes.set(seed.subarray(at), at + length + 1)
      yield bytes
    }
}

/** What separates, pads, escapes and repeats in formats of text. */
const OCTETS = [...Buffer.from('=. ;,:"\\/%&@-+(<\t\0\n_1a')]
