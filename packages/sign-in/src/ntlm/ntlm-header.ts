import { MalformedTokenError } from '@s4u/krb5'
import type { SignInRequest } from '@s4u/negotiate'

/** The schemes in which NTLM comes: its own, and Negotiate, bare or inside of SPNEGO. */
export type NtlmScheme = 'NTLM' | 'Negotiate'

/** Returns the scheme of a request and its token, as written; undefined for other schemes. */
export function ntlmHeaderOf(
  request: SignInRequest,
): { readonly scheme: NtlmScheme; readonly text: string } | undefined {
  const [, scheme, text = ''] = /^(NTLM|Negotiate) +(.*)$/i.exec(request.header('authorization') ?? '') ?? []
  if (scheme === undefined) return undefined
  return { scheme: scheme.toLowerCase() === 'ntlm' ? 'NTLM' : 'Negotiate', text }
}

/** @throws MalformedTokenError */
export function tokenIn(text: string): Uint8Array {
  if (text.length <= MAX_TEXT && /^[A-Za-z0-9+/]+={0,2}$/.test(text) && text.length % 4 === 0)
    return new Uint8Array(Buffer.from(text, 'base64'))
  throw new MalformedTokenError({
    path: 'Authorization',
    expected: `base64 of at most ${MAX_TEXT} characters`,
    found: `${text.length} characters`,
  })
}

/** Returns a challenge, or the last token. RFC 4559 section 4; MS-NTHT section 2.2 has the same. */
export function ntlmChallenge(scheme: NtlmScheme, token: Uint8Array): string {
  return `${scheme} ${Buffer.from(token).toString('base64')}`
}

/** Of 4 KiB, which messages may have, and of 96 octets of SPNEGO around them. */
const MAX_TEXT = 5_592
