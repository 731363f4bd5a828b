/**
 * The schemes that a `WWW-Authenticate` or `Proxy-Authenticate` value offers: `['Negotiate',
 * 'Basic']`. Source: RFC 9110 section 11.6.1.
 */
export function challengeSchemes(header: string | readonly string[] | null | undefined): string[] {
  const value = typeof header === 'string' ? header : (header ?? []).join(', ')
  // Quoted strings may hold commas; nothing in them is a scheme.
  const items = withoutQuoted(value).split(',')
  const schemes = items.flatMap((item) => SCHEME.exec(item)?.slice(1) ?? [])
  return [...new Set(schemes)]
}

/** Whether a challenge offers what this package speaks. */
export function offersNegotiate(header: string | readonly string[] | null | undefined): boolean {
  return challengeSchemes(header).some((scheme) => scheme.toLowerCase() === 'negotiate')
}

/**
 * Without what stands in quotes, the last of which need not be closed. By hand: an expression for a
 * quoted string begins anew at each quote of a value in which none is closed, and takes a hundred
 * milliseconds for 16 KB of those.
 */
function withoutQuoted(value: string): string {
  let start = value.indexOf('"')
  if (start < 0) return value
  let kept = ''
  let end = 0
  while (start >= 0) {
    kept += value.slice(end, start + 1)
    end = closingQuote(value, start + 1)
    start = value.indexOf('"', end + 1)
    kept += '"'
    end++
  }
  return kept + value.slice(end)
}

/** Where the quoted string ends that begins here; the end of the value where it does not. */
function closingQuote(value: string, from: number): number {
  for (let index = from; index < value.length; index++) {
    if (value[index] === '"') return index
    if (value[index] === '\\') index++
  }
  return value.length
}

/** A token that no equals sign follows: with one it is a parameter of the challenge before. */
const SCHEME = /^[ \t]*([!#$%&'*+.^_`|~0-9A-Za-z-]+)(?=[ \t]*$|[ \t]+[^ \t=])/
