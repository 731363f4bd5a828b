/** The header lines of a request as they came, names in small letters: a name may come twice. */
export type HeaderLines = readonly (readonly [name: string, value: string])[]

export function headerLines(rawHeaders: readonly string[]): HeaderLines {
  const lines: (readonly [string, string])[] = []
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) lines.push([rawHeaders[at].toLowerCase(), rawHeaders[at + 1]])
  return lines
}

export function valuesOf(lines: HeaderLines, name: string): readonly string[] {
  let values: string[] | undefined
  for (const line of lines) if (line[0] === name) (values ??= []).push(line[1])
  return values ?? NONE
}

const NONE: readonly string[] = Object.freeze([])

/** The elements of a list such as Connection, in small letters. */
export function listOf(values: readonly string[]): readonly string[] {
  const elements: string[] = []
  for (const value of values)
    for (const part of value.split(',')) {
      const element = part.trim().toLowerCase()
      if (element !== '') elements.push(element)
    }
  return elements
}

/** As many as are looked through sooner than a set is made. */
const FEW = 8

/**
 * Returns a test for the elements of a list. A client writes the list, and all the names that are
 * looked up in it: looking through each time would be work for their product.
 */
export function isElementOf(elements: readonly string[]): (name: string) => boolean {
  if (elements.length <= FEW) return (name) => elements.includes(name)
  const set = new Set(elements)
  return (name) => set.has(name)
}
