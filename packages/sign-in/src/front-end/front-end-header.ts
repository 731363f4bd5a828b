import { MalformedTokenError, type NegotiableRequest } from '@s4u/negotiate'

/**
 * Takes headers away from a request, where the framework and others behind look for them. Returns
 * whether there were any.
 * @param isTaken told names in lower case
 */
export function stripHeaders(request: NegotiableRequest, isTaken: (name: string) => boolean): boolean {
  const { headers } = request
  const names = Object.keys(headers).filter((name) => isTaken(name.toLowerCase()))
  for (const name of names) Reflect.deleteProperty(headers, name)
  const raw: unknown = 'rawHeaders' in request ? request.rawHeaders : undefined
  if (Array.isArray(raw))
    for (let at = raw.length - 2; at >= 0; at -= 2) if (isTaken(String(raw[at]).toLowerCase())) raw.splice(at, 2)
  return names.length > 0
}

/**
 * Takes away the other spellings of a header, whoever sent them: programs behind, such as those of
 * CGI, may read `_`, or each other mark, as `-`. RFC 3875 section 4.1.18.
 * @param header in small letters
 */
export function stripOtherSpellings(request: NegotiableRequest, header: string): void {
  const plain = (name: string): string => name.replaceAll(/[^a-z\d]/g, '-')
  stripHeaders(request, (name) => name !== header && plain(name) === plain(header))
}

/**
 * Returns the value of the header as text. Node gives out octets as Latin-1; front ends send UTF-8.
 * @throws MalformedTokenError where it came twice, or is not UTF-8
 */
export function valueOf(request: NegotiableRequest, header: string): string {
  const raw: unknown = 'rawHeaders' in request ? request.rawHeaders : []
  const lines = Array.isArray(raw)
    ? raw.filter((name, at) => at % 2 === 0 && String(name).toLowerCase() === header)
    : []
  const value = request.headers[header]
  if (lines.length > 1 || typeof value !== 'string') throw malformed(header, 'the header once', 'more')
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(value, 'latin1')).trim()
  } catch {
    throw malformed(header, 'UTF-8', 'other octets')
  }
}

function malformed(header: string, expected: string, found: string): MalformedTokenError {
  return new MalformedTokenError({ path: header, expected, found })
}
