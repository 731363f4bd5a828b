import { MalformedTokenError } from '@s4u/kdc-client'

/**
 * Returns the error for a body that no sign-in page sends.
 * @param found in words: what was sent may be a password
 */
export function badForm(
  expected: string,
  found: string,
  status: 400 | 408 | 413 | 415 = 400,
  hint?: string,
): MalformedTokenError {
  const details = { code: 'S4U_BAD_FORM', status, ...(hint !== undefined && { hint }) } as const
  return new MalformedTokenError({ path: 'body', expected, found, ...details })
}
