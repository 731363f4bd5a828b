/** The header lines of a request as they came, names in small letters: a name may come twice. */
export type HeaderLines = readonly (readonly [name: string, value: string])[]

export function headerLines(rawHeaders: readonly string[]): HeaderLines {
  const lines: (readonly [string, string])[] = []
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) lines.push([rawHeaders[at].toLowerCase(), rawHeaders[at + 1]])
  return lines
}

export function valuesOf(lines: HeaderLines, name: string): readonly string[] {
  return lines.filter(([one]) => one === name).map(([, value]) => value)
}

/** The elements of a list such as Connection, in small letters. */
export function listOf(values: readonly string[]): readonly string[] {
  return values
    .flatMap((value) => value.split(','))
    .map((element) => element.trim().toLowerCase())
    .filter((element) => element !== '')
}
