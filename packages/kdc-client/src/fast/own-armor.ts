import { sameRealmIgnoringCase } from '@s4u/krb5'
import { realmAsked } from '../tickets/granting-ticket.js'
import type { ServiceTicket } from '../tickets/service-ticket.js'
import type { FastRealms } from './fast-realms.js'
import type { SignInArmor } from './sign-in-armor.js'

/** The ticket-granting ticket that a client has, as it is about to sign in anew. */
export interface HeldTicket {
  readonly current: ServiceTicket | undefined
  /** What is to be replaced, since a KDC may not take it any more. */
  readonly suspect: ServiceTicket | undefined
  /** The last sign-in has failed: an armored request is one more thing that can go wrong. */
  readonly isWary: boolean
  readonly now: number
}

/**
 * The ticket that is about to end armors the sign-in that replaces it. A random key, as keytabs have
 * them, that goes without armor tells nothing to who listens, and is not worth standing still for;
 * of a password a dictionary would be tried on it. So a password, where the KDC is known to take
 * armored requests, goes in armor as long as the ticket lasts, whatever anybody says of it.
 */
export function ownArmor(realms: FastRealms, isGuessable: boolean, held: () => HeldTicket): SignInArmor {
  return {
    realms,
    isRequired: false,
    mayFallBack: !isGuessable,
    async ticketFor(realm) {
      const { current, suspect, isWary, now } = held()
      if (current === undefined || current.expiresAt <= now) return undefined
      // People write a realm in lower case, and its KDC in capitals.
      if (!sameRealmIgnoringCase(realm, realmAsked(current))) return undefined
      const { offer } = realms.of(realm)
      if (offer === undefined || offer === 'none') return undefined
      if (offer === 'sealed' && isGuessable) return current
      return current === suspect || isWary ? undefined : current
    },
    inPlaceOf: async () => undefined,
    learn: (realm, facts) => realms.note(realm, facts),
  }
}
