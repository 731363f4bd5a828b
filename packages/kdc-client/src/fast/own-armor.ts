import { sameRealmIgnoringCase } from '@s4u/krb5'
import { realmAsked } from '../tickets/granting-ticket.js'
import type { ServiceTicket } from '../tickets/service-ticket.js'
import type { FastRealms } from './fast-realms.js'
import type { SignInArmor } from './sign-in-armor.js'

/** The ticket-granting ticket that a client has when it is about to sign in again. */
export interface HeldTicket {
  readonly current: ServiceTicket | undefined
  /** The ticket that is going to be replaced, because a KDC may no longer accept it. */
  readonly suspect: ServiceTicket | undefined
  /**
   * True if the last sign-in has failed: an armored request is one more thing that can go wrong.
   */
  readonly isWary: boolean
  readonly now: number
}

/**
 * Makes the armor of a sign-in from the client's own ticket that is about to end.
 *
 * A sign-in with a random key, such as those in keytabs, does not fail for lack of armor: an
 * attacker who listens cannot guess a random key. With a password, an attacker could try a
 * dictionary on the request. So if the KDC is known to accept armored requests, a sign-in with a
 * password goes in armor as long as the ticket lasts, whatever anybody says.
 */
export function ownArmor(realms: FastRealms, isGuessable: boolean, held: () => HeldTicket): SignInArmor {
  return {
    realms,
    isRequired: false,
    mayFallBack: !isGuessable,
    async ticketFor(realm) {
      const { current, suspect, isWary, now } = held()
      if (current === undefined || current.expiresAt <= now) return undefined
      // People write a realm in small letters, and its KDC writes it in capitals.
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
