import { MalformedTokenError } from '@s4u/krb5'

/** Certificates in DER: that of the client, and those of authorities that came along. */
export interface PresentedChain {
  readonly leaf: Uint8Array
  readonly others: readonly Uint8Array[]
}

/**
 * Undoes the escapes of URLs. Base64 has `+`, which stays: this is no form.
 * @throws MalformedTokenError
 */
export function unescaped(text: string): string {
  if (!text.includes('%')) return text
  try {
    return decodeURIComponent(text)
  } catch {
    throw new MalformedTokenError({
      path: 'the header with the certificate',
      expected: 'escapes of two hexadecimal digits',
      found: 'others',
    })
  }
}
