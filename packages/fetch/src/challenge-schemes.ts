/** The schemes that a `WWW-Authenticate` or `Proxy-Authenticate` value offers: `['Negotiate', 'Basic']`. Source: RFC 9110 section 11.6.1. */
export function challengeSchemes(header: string | readonly string[] | null | undefined): string[] {
  const value = typeof header === 'string' ? header : (header ?? []).join(', ')
  // Quoted strings may hold commas; nothing in them is a scheme.
  const items = value.replace(/"(?:\\[^]|[^"\\])*"/g, '""').split(',')
  const schemes = items.flatMap((item) => SCHEME.exec(item)?.slice(1) ?? [])
  return [...new Set(schemes)]
}

/** Whether a challenge offers what this package speaks. */
export function offersNegotiate(header: string | readonly string[] | null | undefined): boolean {
  return challengeSchemes(header).some((scheme) => scheme.toLowerCase() === 'negotiate')
}

/** A token that no equals sign follows: with one it is a parameter of the challenge before. */
const SCHEME = /^[ \t]*([!#$%&'*+.^_`|~0-9A-Za-z-]+)(?=[ \t]*$|[ \t]+[^ \t=])/
