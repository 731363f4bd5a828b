import { sameRealmIgnoringCase } from '@s4u/krb5'
import { isRefusal, type LentArmor, noArmor } from './lent-armor.js'
import type { TicketArmor } from '../exchange/kdc-context.js'

/**
 * Milliseconds for which the machine's armor is not tried again after KDCs did not accept it, as
 * MIT's do not. That answer is not signed: an attacker who forges it achieves, for so long, tickets
 * that do not name the machine.
 */
const NOT_AGAIN_FOR = 60_000

export interface MachineArmor {
  readonly lent: LentArmor
  readonly isRequired: boolean
  /** The realm of the client that asks. */
  readonly realm: string
  readonly now: () => number
}

/** Makes the armor of a client whose app has named a machine. */
export function machineArmor({ lent, isRequired, realm: ownRealm, now }: MachineArmor): TicketArmor {
  const refusedUntil = new Map<string, number>()
  const accepting = new Set<string>()
  return {
    isRequired,
    async machineFor(realm, signal) {
      if (now() < (refusedUntil.get(realm) ?? 0)) return undefined
      return lent.source.ticketFor(realm, signal).catch((error: unknown) => {
        if (!isRefusal(error)) throw error
        if (sameRealmIgnoringCase(realm, ownRealm)) throw noArmor(lent.source, error)
        // No trust leads the machine to that realm.
        return undefined
      })
    },
    noteAcceptance: (realm) => void accepting.add(realm),
    noteRefusal: (realm) => void refusedUntil.set(realm, now() + NOT_AGAIN_FOR),
    get lacksMachine() {
      return [...accepting].some((realm) => now() < (refusedUntil.get(realm) ?? 0))
    },
  }
}

/** The armor that needs nothing but the ticket-granting ticket that is shown. */
export const REQUIRED_ARMOR: TicketArmor = {
  isRequired: true,
  machineFor: async () => undefined,
  noteAcceptance: () => {},
  noteRefusal: () => {},
  lacksMachine: false,
}
