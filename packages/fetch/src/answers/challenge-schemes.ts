/**
 * Returns the schemes of a `WWW-Authenticate` or `Proxy-Authenticate` value: `['Negotiate',
 * 'Basic']`. Source: RFC 9110 section 11.6.1.
 *
 * @example
 * ```ts
 * import { challengeSchemes } from '@s4u/fetch'
 *
 * console.log(challengeSchemes('Negotiate, Basic realm="a, b"')) // [ 'Negotiate', 'Basic' ]
 * ```
 */
export function challengeSchemes(header: string | readonly string[] | null | undefined): string[] {
  const value = typeof header === 'string' ? header : (header ?? []).join(', ')
  // A quoted string may contain commas, and never a scheme.
  const items = withoutQuoted(value).split(',')
  const schemes = items.flatMap((item) => SCHEME.exec(item)?.slice(1) ?? [])
  return [...new Set(schemes)]
}

/** Returns whether a challenge offers Negotiate. */
export function offersNegotiate(header: string | readonly string[] | null | undefined): boolean {
  return challengeSchemes(header).some((scheme) => scheme.toLowerCase() === 'negotiate')
}

/**
 * Removes quoted strings; the last one need not be closed. A regular expression is not used: in a
 * value whose quotes are not closed, it would start again at each quote, and takes 100 ms for 16 KB
 * of quotes.
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

/** Returns where a quoted string ends; the end of the value if it does not. */
function closingQuote(value: string, from: number): number {
  for (let index = from; index < value.length; index++) {
    if (value[index] === '"') return index
    if (value[index] === '\\') index++
  }
  return value.length
}

/**
 * Matches a token without an equals sign after it. With one, it is a parameter of the challenge
 * before.
 */
const SCHEME = /^[ \t]*([!#$%&'*+.^_`|~0-9A-Za-z-]+)(?=[ \t]*$|[ \t]+[^ \t=])/
