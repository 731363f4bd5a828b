/**
 * Reads the fields of a form from a request, or takes them from a body parser that was there first.
 */

import { headerOf, type NegotiableRequest } from '../http/request.js'
import { badForm } from './bad-form.js'
import { decodeUrlEncoded } from './url-encoded.js'
import { readBody } from './read-body.js'

/** Values by name. Each name is there once. */
export type FormFields = ReadonlyMap<string, string>

/** Options of `readFormFields`. */
export interface ReadFormOptions {
  /** How many octets the body may have. Default 16,384. */
  readonly limit?: number
  /** How long the body may take to arrive, milliseconds. Default 20,000. */
  readonly timeLimit?: number
}

/** Room for a password in percent encoding, a target to return to, and a token. */
const LIMIT = 16_384

/** A form arrives at once. */
const TIME_LIMIT = 20_000

/** @throws MalformedTokenError S4U_BAD_FORM */
export async function readFormFields(
  request: NegotiableRequest,
  parsed: unknown,
  { limit = LIMIT, timeLimit = TIME_LIMIT }: ReadFormOptions = {},
): Promise<FormFields> {
  requireForm(request)
  const fields = fieldsOfParsed(parsed, limit)
  return fields ?? decodeUrlEncoded(await readBody(request, { limit, timeLimit }))
}

function requireForm(request: NegotiableRequest): void {
  const [type, ...parameters] = (headerOf(request, 'content-type') ?? '').split(';').map((part) => part.trim())
  if (type.toLowerCase() !== 'application/x-www-form-urlencoded')
    throw badForm('a form in application/x-www-form-urlencoded', 'another content type', 415)
  const charset = parameters.find((part) => /^charset=/i.test(part))?.slice('charset='.length) ?? 'utf-8'
  if (!/^"?(utf-8|us-ascii)"?$/i.test(charset)) throw badForm('UTF-8', 'another character set', 415)
  if (headerOf(request, 'content-encoding') !== undefined) throw badForm('a body as it is', 'an encoded body', 415)
}

/** Undefined where no parser has read the body. */
function fieldsOfParsed(parsed: unknown, limit: number): FormFields | undefined {
  if (parsed instanceof Uint8Array || typeof parsed === 'string') {
    const octets = typeof parsed === 'string' ? new TextEncoder().encode(parsed) : parsed
    if (octets.length > limit) throw badForm(`at most ${limit} octets`, 'more', 413)
    return decodeUrlEncoded(octets)
  }
  if (typeof parsed !== 'object' || parsed === null) return undefined
  const entries = Object.entries(parsed)
  // Express 4 has an empty object where no parser was.
  if (entries.length === 0) return undefined
  if (entries.some(([, value]) => typeof value !== 'string'))
    throw badForm('each field once, with a text', 'a field twice, or nested')
  return new Map(entries)
}
