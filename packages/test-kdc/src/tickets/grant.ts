import type { HostAddress } from '@s4u/krb5'
import type { Account } from '../directory/account.js'
import { refuse } from '../kdc/refusal.js'
import type { TicketTimes } from './lifetimes.js'
import type { TicketContents, TicketTarget } from './ticket-seal.js'

/** A ticket that the KDC has decided to issue. */
export interface Grant extends Omit<TicketContents, 'key' | 'starttime' | 'endtime' | 'renewTill' | 'caddr'> {
  readonly target: TicketTarget
  readonly times: TicketTimes
  readonly addresses: readonly HostAddress[] | undefined
  readonly sessionKeyType: number
}

/**
 * Returns the first type that the client offers and the service can use. Source: RFC 4120 section
 * 3.1.3.
 */
export function sessionKeyType(service: Account, offeredTypes: readonly number[]): number {
  const usable = service.settings.sessionKeyTypes ?? service.encryptionTypes
  const etype = offeredTypes.find((candidate) => usable.includes(candidate))
  return etype ?? refuse('KDC_ERR_ETYPE_NOSUPP', 'the client offers no encryption type that the service can use')
}
