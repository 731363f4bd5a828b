/** Carries a value that may be longer than one cookie, in one or several cookies. */

/** Browsers take 4,096 octets for name, value and attributes together. RFC 6265 section 6.1. */
const MAX_PIECE = 3_800

/**
 * More pieces would fill the header of every request, images too. Four pieces and the token of a
 * browser that still sends one fit into the 64 KB that a server for big tickets takes.
 */
const MAX_PIECES = 4

/** Characters around each piece besides the name: `=3.`, `.1=`, `; `. */
const PIECE_MARKS = 5

/** The most characters that a value can have. */
export const MAX_VALUE = MAX_PIECE * MAX_PIECES

/**
 * Returns the cookies that carry a value: `name=3.data`, `name.1=data`, … The first says how many
 * there are, so that leftovers of a longer value do no harm. Undefined for a value that is too
 * long.
 */
export function cookiesFor(name: string, value: string, attributes: string): readonly string[] | undefined {
  if (value.length > MAX_VALUE) return undefined
  const count = Math.ceil(value.length / MAX_PIECE)
  return Array.from({ length: count }, (_, index) => {
    const piece = value.slice(index * MAX_PIECE, (index + 1) * MAX_PIECE)
    return index === 0 ? `${name}=${count}.${piece}${attributes}` : `${name}.${index}=${piece}${attributes}`
  })
}

/** Returns the value that came back; undefined without one, or when a piece is missing. */
export function valueOf(name: string, header: string): string | undefined {
  const first = findCookie(header, name)
  const [, digits, start] = /^([1-9])\.(.*)$/.exec(first ?? '') ?? []
  if (start === undefined || Number(digits) > MAX_PIECES) return undefined
  const rest = Array.from({ length: Number(digits) - 1 }, (_, index) => findCookie(header, `${name}.${index + 1}`))
  return rest.includes(undefined) ? undefined : start + rest.join('')
}

/** Whether a request shows a value, whole or not. */
export function isShown(name: string, header: string): boolean {
  return findCookie(header, name) !== undefined
}

/** Returns how many octets a value takes in the header of a request. */
export function lengthInHeader(name: string, value: string): number {
  return value.length + Math.ceil(value.length / MAX_PIECE) * (name.length + PIECE_MARKS)
}

/** Returns how many octets of a header belong to the cookies of a value. */
export function lengthShown(name: string, header: string): number {
  const shown = namesOf(name).map((one) => findCookie(header, one)?.length)
  return shown.reduce<number>((sum, length) => (length === undefined ? sum : sum + length + name.length), 0)
}

/** Returns the cookies that remove those that a request has shown. */
export function removalOf(name: string, header: string, attributes: string): readonly string[] {
  return namesOf(name)
    .filter((one) => findCookie(header, one) !== undefined)
    .map((one) => `${one}=; Max-Age=0${attributes}`)
}

function namesOf(name: string): readonly string[] {
  return [name, ...Array.from({ length: MAX_PIECES - 1 }, (_, index) => `${name}.${index + 1}`)]
}

function findCookie(header: string, name: string): string | undefined {
  for (const pair of header.split(';')) {
    const equals = pair.indexOf('=')
    if (equals > 0 && pair.slice(0, equals).trim() === name) return pair.slice(equals + 1).trim()
  }
  return undefined
}
