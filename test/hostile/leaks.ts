/** Finds octets in text, however a program prints octets. */
export class Leaks {
  readonly #secrets = new Map<string, readonly string[]>()
  readonly #text: string[] = []

  /** Octets that must appear nowhere. Of long ones, each end and the middle count for the whole. */
  hide(name: string, octets: Uint8Array): void {
    const starts = [0, Math.floor((octets.length - PART) / 2), octets.length - PART]
    const parts = octets.length < PART ? [octets] : starts.map((start) => octets.subarray(start, start + PART))
    this.#secrets.set(`${name} ${this.#secrets.size}`, parts.flatMap(formsOf))
  }

  hideText(name: string, text: string): void {
    const octets = new TextEncoder().encode(text)
    this.#secrets.set(name, [text, ...formsOf(octets)])
  }

  /** Something that people or programs get to see. */
  show(text: string): void {
    this.#text.push(text)
  }

  get secrets(): number {
    return this.#secrets.size
  }

  get shown(): number {
    return this.#text.length
  }

  /** What was shown and must not be. */
  found(): readonly string[] {
    return this.#text.flatMap((text) => {
      const all = printings(text)
      const inText = ([, forms]: [string, readonly string[]]): boolean => forms.some((form) => all.includes(form))
      return [...this.#secrets].filter(inText).map(([name]) => `${name} in ${text.slice(0, 200)}`)
    })
  }
}

/**
 * The text, also without line breaks between numbers and without the keys that JSON gives them, and
 * in small letters for hexadecimal.
 */
function printings(text: string): string {
  const squeezed = text.replace(/\s+/g, '')
  return [text, text.toLowerCase(), squeezed, squeezed.replace(/"\d+":/g, '')].join('\n')
}

/** Any sixteen octets are the whole of a short key. */
const PART = 16

function formsOf(octets: Uint8Array): string[] {
  const buffer = Buffer.from(octets)
  const hex = buffer.toString('hex')
  const numbers = [...octets]
  return [
    hex,
    hex.replace(/../g, '$& ').trim(),
    hex.replace(/../g, '$&:').slice(0, -1),
    buffer.toString('latin1'),
    numbers.join(','),
    ...base64Forms(buffer),
  ]
}

/**
 * Base64 of the octets wherever they stand in something longer: the characters that depend on them
 * alone.
 */
function base64Forms(octets: Buffer): string[] {
  return [0, 1, 2].flatMap((shift) => {
    const from = (3 - shift) % 3
    const whole = octets.subarray(from, from + Math.floor((octets.length - from) / 3) * 3)
    return [whole.toString('base64'), whole.toString('base64url')]
  })
}
