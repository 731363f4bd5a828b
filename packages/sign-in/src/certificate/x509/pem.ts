import { MalformedTokenError } from '@s4u/krb5'

/**
 * Returns the certificates of a text with PEM blocks, in DER. Line breaks may be spaces, as some
 * proxies write them.
 * @throws MalformedTokenError for other blocks, or text around them
 */
export function certificatesInPem(text: string): readonly Uint8Array[] {
  const found: Uint8Array[] = []
  const rest = text.replace(BLOCK, (_block, inside: string) => {
    found.push(certificateOfBase64(inside.replace(/\s+/g, '')))
    return ''
  })
  if (rest.trim() !== '' || found.length === 0) throw malformed('blocks BEGIN CERTIFICATE and nothing else')
  return found
}

const BLOCK = /-----BEGIN CERTIFICATE-----([^-]*)-----END CERTIFICATE-----/g

/**
 * Decodes base64, strictly: `Buffer.from` skips what is none.
 * @throws MalformedTokenError
 */
export function certificateOfBase64(text: string): Uint8Array {
  if (!/^(?:[A-Za-z\d+/]{4})*(?:[A-Za-z\d+/]{2}==|[A-Za-z\d+/]{3}=)?$/.test(text) || text === '')
    throw malformed('base64 of DER')
  return new Uint8Array(Buffer.from(text, 'base64'))
}

function malformed(expected: string): MalformedTokenError {
  return new MalformedTokenError({ path: 'Certificate', expected, found: 'something else' })
}
