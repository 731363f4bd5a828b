import { badForm } from './bad-form.js'

/** A sign-in page sends six. */
const MAX_FIELDS = 64

/**
 * Decodes the fields of a form. Unlike `URLSearchParams` it refuses what is not UTF-8 in place of
 * changing it: a password that was changed is a wrong password, which counts at the KDC.
 * @throws MalformedTokenError S4U_BAD_FORM
 */
export function decodeUrlEncoded(octets: Uint8Array): ReadonlyMap<string, string> {
  const fields = new Map<string, string>()
  const text = Buffer.from(octets).toString('latin1')
  if (text === '') return fields
  const pairs = text.split('&', MAX_FIELDS + 1)
  if (pairs.length > MAX_FIELDS) throw badForm(`at most ${MAX_FIELDS} fields`, 'more')
  for (const pair of pairs) {
    const equals = pair.indexOf('=')
    const name = decodeComponent(equals < 0 ? pair : pair.slice(0, equals))
    if (fields.has(name)) throw badForm('each field once', 'a field twice')
    fields.set(name, decodeComponent(equals < 0 ? '' : pair.slice(equals + 1)))
  }
  return fields
}

/** WHATWG URL standard, section 5.1, but with an error where that replaces. */
function decodeComponent(encoded: string): string {
  const octets = encoded.replaceAll('+', ' ').replaceAll(/%([0-9a-fA-F]{2})/g, (_, hex: string) => {
    return String.fromCharCode(Number.parseInt(hex, 16))
  })
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(octets, 'latin1'))
  } catch {
    throw badForm('UTF-8', 'other octets')
  }
}
