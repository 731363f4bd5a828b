import { Identity } from '@s4u/acceptor'
import { ConfigurationError, shownInput } from '@s4u/kdc-client'

/** What an identity that is asked for can be used for. */
export type AskedLevel = 'identification' | 'impersonation'

/**
 * Somebody whom the service knows and cannot act for: SIDs, groups, claims and `accessCheck`, and
 * no ticket to show a KDC. Source: WCF, TokenImpersonationLevel.Identification.
 */
export function identifiedOnly(identity: Identity): Identity {
  const { principal, name, localName, requestedName, realm, authenticationMethod, expiresAt, pac } = identity
  const groupsUnknown = identity.groupsUnknown ?? false
  const impersonationLevel = 'identification'
  return new Identity({
    ...{ principal, name, localName, requestedName, realm, authenticationMethod, expiresAt, pac },
    groupsUnknown,
    impersonationLevel,
  })
}

/**
 * A word that is none must not be taken for the one that permits more. @throws ConfigurationError
 */
export function requireAskedLevel(level: AskedLevel | undefined): void {
  if (level === undefined || level === 'identification' || level === 'impersonation') return
  throw new ConfigurationError(`identityFor: level must be identification or impersonation, not ${shownInput(level)}`, {
    hint: "Leave it out to act as the user; write { level: 'identification' } to know the user and no more.",
  })
}
