import { randomUUID } from 'node:crypto'
import { ConfigurationError } from '@s4u/krb5'
import type { DelegatedTickets } from './client-options.js'

interface Kept {
  readonly tickets: DelegatedTickets
  /** Milliseconds since the epoch. */
  readonly expiresAt: number
}

/**
 * What this process keeps. A program that imports `@s4u/kerberos`, and whose driver has the package
 * under the name `kerberos`, has two copies of it, which must find the same users.
 */
const kept = sharedMap(Symbol.for('s4u.kerberos.delegated'))

function sharedMap(name: symbol): Map<string, Kept> {
  const found: unknown = Reflect.get(globalThis, name)
  if (found instanceof Map) return found
  const made = new Map<string, Kept>()
  Object.defineProperty(globalThis, name, { value: made })
  return made
}

/**
 * The most users at a time; the oldest go first. Programs keep the name in the session of a user
 * and never say that they need it no more.
 */
const MAX_KEPT = 10_000

/** One user has as many: who signs in over and over must push out no other. */
const MAX_OF_USER = 100

/** As MIT's library names caches that no other process sees. */
const PREFIX = 'MEMORY:s4u-'

/**
 * How long `delegatedPassword` stands for a user: as long as a ticket usually lasts; milliseconds.
 */
const LIFETIME = 36_000_000

/**
 * Returns a text that stands for a user in this process, for drivers that take a name and a
 * password and nothing else: that of MongoDB makes its connections as the user then. It says
 * nothing outside of this process, lasts ten hours, and is given where the password goes.
 *
 * @example
 * ```ts
 * import { type DelegatedTickets, delegatedPassword } from '@s4u/kerberos'
 *
 * export function credentialsOf(caller: { impersonate(): DelegatedTickets }) {
 *   const alice = caller.impersonate()
 *   return { username: alice.principal, password: delegatedPassword(alice) }
 * }
 * ```
 */
export function delegatedPassword(user: DelegatedTickets): string {
  return keepDelegated(user, Date.now() + LIFETIME)
}

/**
 * Keeps a user's credentials until they end, and returns the name under which they are found:
 * `delegatedCredentialsCache`. npm `kerberos` 0.0 wrote them into a file of /tmp; here they are in
 * this process alone, and nobody can guess the name.
 */
export function keepDelegated(tickets: DelegatedTickets, expiresAt: number, now = Date.now()): string {
  const name = PREFIX + randomUUID()
  kept.set(name, { tickets, expiresAt })
  const ofUser = [...kept].filter(([, each]) => each.tickets.principal === tickets.principal)
  for (const [each] of ofUser.slice(0, -MAX_OF_USER)) kept.delete(each)
  for (const [each, { expiresAt: end }] of kept) if (end <= now || kept.size > MAX_KEPT) kept.delete(each)
  return name
}

export const isDelegated = (name: string): boolean => name.startsWith(PREFIX)

/**
 * @throws ConfigurationError KRB5_FCC_NOFILE for credentials that have ended, or of another process
 */
export function findDelegated(name: string, now = Date.now()): DelegatedTickets {
  const found = kept.get(name)
  if (found !== undefined && found.expiresAt > now) return found.tickets
  throw new ConfigurationError('the credentials of this user have ended, or are those of another process', {
    code: 'KRB5_FCC_NOFILE',
    hint: 'Let the user sign in again. Several processes need sticky sessions, or @s4u/negotiate.',
  })
}
