/**
 * Checks the shapes of arguments. Errors tell the kind of a value and never the value itself: it
 * may be a secret in the wrong place.
 */

import { ConfigurationError } from '@s4u/krb5'

/** @throws ConfigurationError */
export function requireForwardedTicket(what: string, value: unknown): void {
  const found = membersOf(value)
  if (isPrincipal(found.client) && isTicket(found.ticket) && isObject(found.sessionKey)) return
  throw wrong(
    what,
    'a ticket with its client and its session key',
    value,
    'Give what identity.evidence has as forwardedTgt.',
  )
}

export function isPrincipal(value: unknown): boolean {
  const { name, realm } = membersOf(value)
  return typeof realm === 'string' && Array.isArray(membersOf(name).nameString)
}

export function isTicket(value: unknown): boolean {
  const { sname, encPart } = membersOf(value)
  return Array.isArray(membersOf(sname).nameString) && membersOf(encPart).cipher instanceof Uint8Array
}

export function isSignal(value: unknown): boolean {
  const { aborted, addEventListener } = membersOf(value)
  return typeof aborted === 'boolean' && typeof addEventListener === 'function'
}

export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

/** Returns the members of an object, and none for anything else. */
export function membersOf(value: unknown): Readonly<Record<string, unknown>> {
  return isObject(value) ? (value as Readonly<Record<string, unknown>>) : {}
}

/** Returns the kind of a value: `null`, `a list`, `a number`. */
function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' ? 'an object without those' : `a ${typeof value}`
}

export function wrong(what: string, expected: string, found: unknown, hint: string): ConfigurationError {
  return new ConfigurationError(`${what} must be ${expected}, not ${kindOf(found)}`, { hint })
}
