import { hasFlag, printableName, RejectedTokenError, sameRealmIgnoringCase, TicketFlag } from '@s4u/krb5'
import type { EncTicketPart, Pac } from '@s4u/krb5'

/**
 * Requires a believable path of realms between client and service. Source: RFC 4120 sections 3.2.3
 * and 2.7.
 * @throws RejectedTokenError KRB_AP_PATH_NOT_ACCEPTED
 */
export function requireTrustedPath(
  { crealm, flags, transited }: EncTicketPart,
  pac: Pac | undefined,
  ownRealm: string,
  trustedRealms: readonly string[] | undefined,
): void {
  const direct = transited.contents.length === 0
  if (crealm === ownRealm) return
  if (sameRealmIgnoringCase(crealm, ownRealm)) {
    if (direct) return
    throw notTrusted(
      `a user of ${printableName(crealm)} came through other realms, and it is not how ${ownRealm} writes itself`,
      HINT_CASE,
    )
  }
  if (trustedRealms !== undefined) {
    if (trustedRealms.some((realm) => sameRealmIgnoringCase(realm, crealm))) return
    throw notTrusted(
      `users of ${printableName(crealm)} are not accepted`,
      'Add the realm to trustedRealms if its users may sign in.',
    )
  }
  // Domain controllers neither set the flag nor want it checked: their trusts decide whose users
  // come over which path. What they let pass of a PAC is a separate question. MS-KILE section
  // 3.4.5.
  const fromDirectory = pac?.logonInfo !== undefined
  if (hasFlag(flags, TicketFlag.TRANSITED_POLICY_CHECKED) || direct || fromDirectory) return
  throw notTrusted(
    `no KDC vouches for the path from ${printableName(crealm)} to ${ownRealm}`,
    'List the realm in trustedRealms if every realm between may vouch for its users.',
  )
}

const HINT_CASE =
  'A realm whose name differs from this one in letter case alone may be posing as it. Write the realm in the keytab as the KDC does.'

/** Returns whether the client is anonymous. Source: RFC 8062 section 3. */
export function isAnonymous({ flags, cname }: EncTicketPart): boolean {
  return (
    hasFlag(flags, TicketFlag.ANONYMOUS) || (cname.nameString[0] === 'WELLKNOWN' && cname.nameString[1] === 'ANONYMOUS')
  )
}

function notTrusted(message: string, hint: string): RejectedTokenError {
  return new RejectedTokenError(message, { code: 'KRB_AP_PATH_NOT_ACCEPTED', hint })
}
