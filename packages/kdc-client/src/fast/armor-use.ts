import type { Authority } from '../credentials/authority.js'
import { lentArmor, type LentArmor } from './lent-armor.js'
import type { SignInArmor } from './sign-in-armor.js'
import { machineArmor, REQUIRED_ARMOR } from './ticket-armor.js'
import type { TicketArmor } from '../exchange/kdc-context.js'

/** How the exchanges of a client are armored, as its options say. */
export interface ArmorUse {
  readonly fast: 'allow' | 'require' | 'off'
  /**
   * Whose tickets are the armor. Default: those of the client itself, from its second sign-in on.
   */
  readonly lent?: LentArmor
}

export function signInArmorOf({ fast, lent }: ArmorUse): SignInArmor | 'own' | 'off' {
  if (fast === 'off') return 'off'
  return lent ? lentArmor(lent, fast === 'require') : 'own'
}

/**
 * Returns the armor of requests for tickets; undefined if they go without. They are armored if the
 * app has named a machine, or if it requires armor and the client has no key. A client with a key
 * needs no armor for replies to be bound to their requests.
 */
export function ticketArmorOf(
  { fast, lent }: ArmorUse,
  { kind, principal: { realm } }: Authority,
  now: () => number,
): TicketArmor | undefined {
  const isRequired = fast === 'require' && kind === 'ready-ticket'
  if (fast !== 'off' && lent?.isNamed) return machineArmor({ lent, isRequired, realm, now })
  return isRequired ? REQUIRED_ARMOR : undefined
}
