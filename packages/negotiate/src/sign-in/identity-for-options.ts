import type { AuthenticationMethod } from '@s4u/acceptor'
import { ConfigurationError, type OptionTableOf, shownInput } from '@s4u/kdc-client'

/** What an identity that is asked for can be used for. */
export type AskedLevel = 'identification' | 'impersonation'

/** What may be said of an identity that is asked for. */
export interface IdentityForOptions {
  /**
   * What `identity.authenticationMethod` says. Default `asserted`, of a certificate `certificate`,
   * of a password `basic`, of a one-time password `otp`.
   */
  readonly method?: AuthenticationMethod
  readonly signal?: AbortSignal
  /**
   * What the identity is for. `impersonation` (default): to act as the user, as far as the
   * directory lets it, which `delegation.protocolTransition` must permit. `identification`: to know
   * the user (SIDs, groups, claims, `accessCheck`) and never to act as it: no ticket is kept with
   * the identity, it can begin no session, and no permission is needed. Example:
   * `identityFor('carol@AD.TEST', { level: 'identification' })`.
   */
  readonly level?: AskedLevel
  /**
   * Asks the directory now, whatever it has answered before: as `maxAge: 0`. Default `false`. Of a
   * password it is asked always.
   */
  readonly fresh?: boolean
  /**
   * How old the directory's answer may be, milliseconds; default 300,000 (5 minutes), 0 asks
   * always. A user who was disabled in the meantime is signed in until then, and groups are those
   * of then. Example: `{ maxAge: 60_000 }`. Of a password it is asked always.
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
 * A word that is none must not be taken for the one that permits more. @throws ConfigurationError
 */
export function requireAskedLevel(level: AskedLevel | undefined): void {
  if (level === undefined || level === 'identification' || level === 'impersonation') return
  throw new ConfigurationError(`identityFor: level must be identification or impersonation, not ${shownInput(level)}`, {
    hint: "Leave it out to act as the user; write { level: 'identification' } to know the user and no more.",
  })
}
