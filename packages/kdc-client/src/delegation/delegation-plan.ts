/** Chooses the method that gets a ticket for another service in a user's name. No network here. */

import type { ForwardedTicket } from '@s4u/krb5'
import { isObject, wrong } from '../arguments/argument-shapes.js'
import type { EvidenceTicket } from '../tickets/service-ticket.js'

/**
 * - `forwarded-tgt`: the user's own ticket-granting ticket, which the user's client has forwarded
 *   (unconstrained delegation), if the app uses such tickets.
 * - `s4u2proxy`: the ticket that the user presented goes to the KDC as evidence, and the KDC's
 *   lists decide.
 * - `resource-based`: the same with a ticket that is not forwardable. Only the list on the account
 *   of the target can allow that.
 * - `s4u2self`: the user presented no ticket, and the service asks for one in the user's name
 *   (protocol transition).
 */
export type DelegationMethod = 'forwarded-tgt' | 's4u2proxy' | 'resource-based' | 's4u2self'

/** What a service has of a user. */
export interface DelegationInputs {
  /** `alice@AD.TEST` */
  readonly user: string
  /** The user's ticket-granting ticket, which the user's client has forwarded. */
  readonly forwardedTgt?: ForwardedTicket
  /** The ticket that the user presented, or one from an earlier S4U2Self. */
  readonly evidence?: EvidenceTicket
  /** Whether the app permits protocol transition for this user. Default: no. */
  readonly protocolTransition?: boolean
  /** The certificate with which the user signed in, in place of a name; DER. */
  readonly certificate?: Uint8Array
}

/** One method, and why it can or cannot be used. */
export interface MethodChoice {
  readonly method: DelegationMethod
  readonly usable: boolean
  readonly reason: string
}

/** The methods by which a service may get a ticket in a user's name, and the one that it takes. */
export interface DelegationPlan {
  /** The first usable method; undefined if there is none. */
  readonly method: DelegationMethod | undefined
  /** All methods, best first. */
  readonly choices: readonly MethodChoice[]
}

/**
 * Returns all delegation methods, best first, and which of them the inputs allow.
 *
 * @param now milliseconds since the epoch
 * @throws ConfigurationError for inputs that are no object
 *
 * @example
 * ```ts
 * import { planDelegation } from '@s4u/kdc-client'
 *
 * const inputs = { user: 'alice@AD.TEST', protocolTransition: true }
 * const { method, choices } = planDelegation(inputs, Date.now())
 * console.log(method) // s4u2self
 * for (const choice of choices) console.log(choice.method, choice.usable, choice.reason)
 * ```
 */
export function planDelegation(inputs: DelegationInputs, now: number): DelegationPlan {
  if (!isObject(inputs))
    throw wrong('planDelegation: the inputs', 'an object', inputs, "Write { user: 'alice@AD.TEST', evidence }.")
  const choices = [
    forwarded(inputs, now),
    presented(inputs, now, 's4u2proxy'),
    presented(inputs, now, 'resource-based'),
    transition(inputs, now),
  ]
  return { method: choices.find(({ usable }) => usable)?.method, choices }
}

function forwarded({ forwardedTgt }: DelegationInputs, now: number): MethodChoice {
  const method = 'forwarded-tgt'
  if (forwardedTgt === undefined)
    return no(
      method,
      'the client forwarded no ticket-granting ticket, or the app uses none (delegation.forwardedTickets)',
    )
  if (forwardedTgt.expiresAt <= now) return no(method, 'the ticket-granting ticket that was forwarded has expired')
  return yes(method, 'the client forwarded a ticket-granting ticket')
}

function presented({ evidence }: DelegationInputs, now: number, method: 's4u2proxy' | 'resource-based'): MethodChoice {
  if (evidence?.origin !== 'presented') return no(method, 'the user presented no ticket')
  if (evidence.expiresAt <= now) return no(method, 'the ticket that the user presented has expired')
  if (method === 's4u2proxy') {
    return evidence.forwardable
      ? yes(method, 'the ticket that the user presented is forwardable')
      : no(method, 'the ticket that the user presented is not forwardable')
  }
  return evidence.forwardable
    ? no(method, 'the ticket that the user presented is forwardable, so the KDC looks at both lists at once')
    : yes(method, 'the ticket is not forwardable: the target itself must allow it')
}

function transition({ evidence, protocolTransition = false }: DelegationInputs, now: number): MethodChoice {
  const method = 's4u2self'
  if (evidence?.origin === 's4u2self' && evidence.expiresAt > now)
    return yes(method, 'the service has vouched for the user before')
  return protocolTransition
    ? yes(method, 'the app permits itself to vouch for the user')
    : no(method, 'the app does not permit itself to vouch for the user (delegation.protocolTransition)')
}

function yes(method: DelegationMethod, reason: string): MethodChoice {
  return { method, usable: true, reason }
}

function no(method: DelegationMethod, reason: string): MethodChoice {
  return { method, usable: false, reason }
}
