import { createSealedBox } from '../session/sealed-box.js'

/** Seals texts that come back through the browser, each for a time. */
export interface SealedTexts {
  /** @param lifetime for how long it can be opened, milliseconds */
  seal(text: string, lifetime: number): string
  /** Returns the text; undefined for what was not sealed here, was changed, or is too old. */
  open(sealed: string): string | undefined
}

export interface SealedTextsDeps {
  /** The first one seals. */
  readonly secrets: readonly (string | Uint8Array)[]
  readonly now: () => number
  readonly random: (length: number) => Uint8Array
}

/** @param label what is sealed: a text of another label is not opened */
export function sealedTexts(label: string, { secrets, now, random }: SealedTextsDeps): SealedTexts {
  const box = createSealedBox(secrets, `s4u sign-in ${label}`, random)
  return {
    seal(text, lifetime) {
      const octets = new TextEncoder().encode(text)
      const timed = new Uint8Array(TIME_OCTETS + octets.length)
      new DataView(timed.buffer).setFloat64(0, now() + lifetime)
      timed.set(octets, TIME_OCTETS)
      return Buffer.from(box.seal(timed)).toString('base64url')
    },
    open(sealed) {
      const octets = Buffer.from(sealed, 'base64url')
      // Node skips what is not base64: each text would be good in many forms.
      if (octets.toString('base64url') !== sealed) return undefined
      const timed = box.open(octets)
      if (timed === undefined || timed.length < TIME_OCTETS) return undefined
      const expiresAt = new DataView(timed.buffer, timed.byteOffset).getFloat64(0)
      return expiresAt > now() ? new TextDecoder().decode(timed.subarray(TIME_OCTETS)) : undefined
    },
  }
}

const TIME_OCTETS = 8
