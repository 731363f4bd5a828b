import {
  asciiLower,
  ConfigurationError,
  printableName,
  RejectedTokenError,
  sameRealmIgnoringCase,
  shownInput,
} from '@s4u/krb5'
import { requireByRealm } from './by-realm.js'

/** By realm: the other realms whose users its KDC may name. */
export type VouchersOption = Readonly<Record<string, readonly string[]>>

/** Returns whether the KDC of `realm` may name users of `other`. */
export type Vouches = (realm: string, other: string) => boolean

/**
 * Reads the option `mayVouchFor`.
 * @throws ConfigurationError
 */
export function vouchersOf(option: VouchersOption = {}): Vouches {
  requireByRealm('mayVouchFor', option)
  const odd = Object.entries(option).find(([, realms]) => !isTexts(realms))
  if (odd !== undefined) {
    throw new ConfigurationError(`mayVouchFor: what stands at ${shownInput(odd[0])} is no list of realms`, {
      hint: "Write { 'WEST.TEST': ['EAST.TEST'] } if the KDC of WEST.TEST may name users of EAST.TEST.",
    })
  }
  const byRealm = new Map(Object.entries(option).map(([realm, realms]) => [asciiLower(realm), realms]))
  return (realm, other) => byRealm.get(asciiLower(realm))?.some((one) => sameRealmIgnoringCase(one, other)) ?? false
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((one) => typeof one === 'string')
}

/**
 * Refuses a user of a realm whose keys we have when the KDC of another realm has sealed the ticket,
 * for another of our names. Such users get their tickets from their own KDC; the other KDC could
 * name anyone.
 * @throws RejectedTokenError KRB_AP_PATH_NOT_ACCEPTED
 */
export function requireOwnVoucher(
  crealm: string,
  sealedBy: string,
  ownRealms: readonly string[],
  mayVouchFor: Vouches,
): void {
  if (ownRealms.length < 2 || sameRealmIgnoringCase(crealm, sealedBy)) return
  if (!ownRealms.some((realm) => sameRealmIgnoringCase(realm, crealm)) || mayVouchFor(sealedBy, crealm)) return
  const realm = printableName(crealm)
  throw new RejectedTokenError(
    `a user of ${realm} has a ticket of the KDC of ${sealedBy}, although this service has a key of ${realm} as well`,
    {
      code: 'KRB_AP_PATH_NOT_ACCEPTED',
      hint: `If users of ${realm} may come with tickets for the service in ${sealedBy}, say so in mayVouchFor. Else the KDC of ${sealedBy}, or whoever has its keys, names users of another realm.`,
    },
  )
}
