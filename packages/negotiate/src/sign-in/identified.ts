import { Identity } from '@s4u/acceptor'

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
