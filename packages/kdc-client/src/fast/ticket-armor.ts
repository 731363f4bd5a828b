import { sameRealmIgnoringCase } from '@s4u/krb5'
import type { ServiceTicket } from '../service-ticket.js'
import { isRefusal, type LentArmor, noArmor } from './lent-armor.js'

/** How requests for tickets are armored, beside sign-ins. Source: RFC 6113 section 5.4.2. */
export interface TicketArmor {
  /** Replies without armor are refused, and errors without it count for nothing that is remembered. */
  readonly isRequired: boolean
  /**
   * The machine's ticket for the KDCs of the realm, so that tickets carry its identity beside that
   * of who asks. Undefined: the ticket-granting ticket that is shown anyway is the armor.
   */
  machineFor(realm: string, signal: AbortSignal | undefined): Promise<ServiceTicket | undefined>
  /** KDCs of the realm answer in the clear to a machine's armor, and not to the other one. */
  noteRefusal(realm: string): void
}

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
    noteRefusal: (realm) => void refusedUntil.set(realm, now() + NOT_AGAIN_FOR),
  }
}

/** With nothing but the ticket-granting ticket that is shown. */
export const REQUIRED_ARMOR: TicketArmor = {
  isRequired: true,
  machineFor: async () => undefined,
  noteRefusal: () => {},
}
