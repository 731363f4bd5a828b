import { MalformedTokenError } from '@s4u/negotiate'
import type { TypedPassword } from '../password/check-password.js'

const SCHEME = /^basic(?: +|$)/i

/** Whether a header Authorization is of the scheme Basic. */
export function isBasic(authorization: string | undefined): authorization is string {
  return authorization !== undefined && SCHEME.test(authorization)
}

/**
 * Decodes name and password. They are UTF-8, as the challenge says: octets of another character set
 * are refused, since a password that was changed on the way would count as a wrong one. RFC 7617
 * section 2.
 * @throws MalformedTokenError
 */
export function decodeBasic(authorization: string): TypedPassword {
  const encoded = authorization.replace(SCHEME, '').trim()
  const octets = Buffer.from(encoded, 'base64')
  if (encoded === '' || withoutPadding(octets.toString('base64')) !== withoutPadding(encoded))
    throw malformed('base64', 'something else')
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(octets)
  } catch {
    throw malformed(
      'UTF-8',
      'other octets',
      'The client sends another character set: the challenge says charset="UTF-8".',
    )
  }
  const colon = text.indexOf(':')
  if (colon < 0) throw malformed('a colon between name and password', 'none')
  return { user: text.slice(0, colon), password: text.slice(colon + 1) }
}

/**
 * Looks at each run of `=` once: from each of its characters anew, a header of 64 KB took five
 * seconds.
 */
function withoutPadding(base64: string): string {
  return base64.replace(/(?<!=)=+$/, '')
}

/** Never shows what was sent. */
function malformed(expected: string, found: string, hint?: string): MalformedTokenError {
  return new MalformedTokenError({ path: 'Authorization: Basic', expected, found, ...(hint && { hint }) })
}
