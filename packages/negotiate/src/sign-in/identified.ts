import { Identity } from '@s4u/acceptor'

/**
 * Returns an identity that the service knows and cannot act for: with SIDs, groups, claims and
 * `accessCheck`, and without a ticket to show to a KDC. Source: WCF,
 * TokenImpersonationLevel.Identification.
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
