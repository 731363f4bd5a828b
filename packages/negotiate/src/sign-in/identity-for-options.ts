import type { AuthenticationMethod } from '@s4u/acceptor'
import { ConfigurationError, type OptionTableOf, shownInput } from '@s4u/kdc-client'

/** What the app can do with the identity that it asks for. */
export type AskedLevel = 'identification' | 'impersonation'

/** The options of `identityFor`. */
export interface IdentityForOptions {
  /**
   * The value of `identity.authenticationMethod`. Default `asserted`; for a certificate
   * `certificate`, for a password `basic`, for a one-time password `otp`.
   */
  readonly method?: AuthenticationMethod
  readonly signal?: AbortSignal
  /**
   * What the identity is for. `impersonation` (default): to act as the user, as far as the
   * directory allows; `delegation.protocolTransition` must permit it. `identification`: to know the
   * user (SIDs, groups, claims, `accessCheck`) and never to act as the user: the identity has no
   * ticket, it can begin no session, and no permission is needed. Example:
   * `identityFor('carol@AD.TEST', { level: 'identification' })`.
   */
  readonly level?: AskedLevel
  /**
   * Whether the directory is asked now, whatever it has answered before, as with `maxAge: 0`.
   * Default `false`. A password is always checked by the KDC.
   */
  readonly fresh?: boolean
  /**
   * How old the directory's answer may be, milliseconds; default 300,000 (5 minutes), 0 asks
   * always. Until then a disabled user can still sign in, and groups are those of that answer.
   * Example: `{ maxAge: 60_000 }`. A password is always checked by the KDC.
   */
  readonly maxAge?: number
}

/** Every name in IdentityForOptions; others are refused. */
export const IDENTITY_FOR_OPTIONS = {
  method: 'value',
  signal: 'value',
  level: 'value',
  fresh: 'value',
  maxAge: 'value',
} as const satisfies OptionTableOf<IdentityForOptions>

/**
 * Refuses other words: one must not be taken for the level that permits more.
 * @throws ConfigurationError
 *
 * @example
 * ```ts
 * import { requireAskedLevel } from '@s4u/negotiate'
 *
 * requireAskedLevel('identification') // throws for a word that is no level
 * ```
 */
export function requireAskedLevel(level: AskedLevel | undefined): void {
  if (level === undefined || level === 'identification' || level === 'impersonation') return
  throw new ConfigurationError(`identityFor: level must be identification or impersonation, not ${shownInput(level)}`, {
    hint: "Leave it out to act as the user; write { level: 'identification' } to know the user and no more.",
  })
}
