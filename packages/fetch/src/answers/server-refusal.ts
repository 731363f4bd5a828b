import { challengeSchemes } from './challenge-schemes.js'

/**
 * Why a server answered 401 to a token. The words are those of the events.
 *
 * - `refused`: it offers Negotiate and did not take this token, or it says nothing.
 * - `other-scheme-wanted`: it offers schemes, and Negotiate is not one of them.
 * - `stale-ticket`: it has another key than the one that the ticket is sealed with.
 * - `another-leg`: it wants a second token on the same connection.
 */
export interface ServerRefusal {
  readonly kind: 'refused' | 'other-scheme-wanted' | 'stale-ticket' | 'another-leg'
  /** The schemes that the server offers: `['Negotiate', 'Basic']`. Empty where it names none. */
  readonly schemes: readonly string[]
  /** The reason in the server's token, where there is one: `KRB_AP_ERR_SKEW`. */
  readonly code?: string
}

/** Reads a refusal from the schemes of the answer. Source: RFC 9110 section 11.6.1. */
export function refusalOf(
  challenge: string | readonly string[] | null | undefined,
  code: string | undefined,
): ServerRefusal {
  const schemes = challengeSchemes(challenge)
  const isOther = schemes.length > 0 && !schemes.some((scheme) => scheme.toLowerCase() === 'negotiate')
  return { kind: isOther ? 'other-scheme-wanted' : 'refused', schemes, ...(code !== undefined && { code }) }
}
