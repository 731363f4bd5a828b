import { sameRealmIgnoringCase } from '@s4u/krb5'
import { isRefusal, type LentArmor, noArmor } from './lent-armor.js'
import type { TicketArmor } from '../exchange/kdc-context.js'

/**
 * How long no machine's armor is tried where KDCs do not take it, as MIT's; milliseconds. Nobody
 * signs that answer: who forges it gains for as long that tickets say nothing of the machine.
 */
const NOT_AGAIN_FOR = 60_000

export interface MachineArmor {
  readonly lent: LentArmor
  readonly isRequired: boolean
  /** That of who asks. */
  readonly realm: string
  readonly now: () => number
}

/** Of a client whose app has named a machine. */
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
        // No trust leads the machine there.
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

/** With nothing but the ticket-granting ticket that is shown. */
export const REQUIRED_ARMOR: TicketArmor = {
  isRequired: true,
  machineFor: async () => undefined,
  noteAcceptance: () => {},
  noteRefusal: () => {},
  lacksMachine: false,
}
