import { MalformedTokenError } from '@s4u/krb5'
import { certificatesInPem, certificateOfBase64 } from '../x509/pem.js'
import { type PresentedChain, unescaped } from './presented-chain.js'
import { readXfcc } from './xfcc.js'

/**
 * How a proxy writes a certificate into a header.
 *
 * - `rfc9440`: `:MIIB…:`, as RFC 9440 says, most often in `Client-Cert`.
 * - `pem`: PEM with escapes of URLs: nginx `$ssl_client_escaped_cert`.
 * - `base64`: the base64 of DER: HAProxy `%[ssl_c_der,base64]`, Caddy
 *   `{http.request.tls.client.certificate_der_base64}`, and Traefik's `passTLSClientCert` with
 *   `pem`.
 * - `xfcc`: Envoy's `X-Forwarded-Client-Cert` with `cert` or `chain`.
 */
export type ForwardedFormat = 'rfc9440' | 'pem' | 'base64' | 'xfcc'

/** Headers are short: 16 KB without more options of Node, of which a chain may take nearly all. */
const MAX_HEADER = 65_536

/**
 * Reads a header in which a proxy passes a certificate on; undefined where it says that there was
 * none.
 * @throws MalformedTokenError for a header of another form, or with two certificates where one
 * belongs
 */
export function readForwardedCertificate(value: string, format: ForwardedFormat): PresentedChain | undefined {
  const text = value.trim()
  // nginx writes an empty value, HAProxy and Caddy `-` or nothing.
  if (text === '' || text === '-') return undefined
  if (text.length > MAX_HEADER) throw malformed(`at most ${MAX_HEADER} characters`, `${text.length}`)
  switch (format) {
    case 'rfc9440':
      return { leaf: byteSequence(text), others: [] }
    case 'pem':
      return chainOf(certificatesInPem(unescaped(text)))
    case 'base64':
      // Traefik separates the certificates of a chain with commas.
      return chainOf(unescaped(text).split(',').map(certificateOfBase64))
    case 'xfcc':
      return readXfcc(text)
  }
}

/** Reads `Client-Cert-Chain`: a list of byte sequences. Source: RFC 9440 section 2.3. */
export function readForwardedChain(value: string): readonly Uint8Array[] {
  if (value.length > MAX_HEADER) throw malformed(`at most ${MAX_HEADER} characters`, `${value.length}`)
  return value.trim() === '' ? [] : value.split(',').map((one) => byteSequence(one.trim()))
}

/** Reads `:MIIB…:`. Source: RFC 8941 section 4.2.7. */
function byteSequence(text: string): Uint8Array {
  const inside = /^:([A-Za-z\d+/]+={0,2}):$/.exec(text)?.[1]
  if (inside === undefined) throw malformed('a byte sequence :…:', 'something else')
  return certificateOfBase64(inside)
}

function chainOf([leaf, ...others]: readonly Uint8Array[]): PresentedChain {
  if (leaf === undefined) throw malformed('a certificate', 'none')
  return { leaf, others }
}

function malformed(expected: string, found: string): MalformedTokenError {
  return new MalformedTokenError({ path: 'the header with the certificate', expected, found })
}
