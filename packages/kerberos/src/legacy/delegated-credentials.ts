import { randomUUID } from 'node:crypto'
import { ConfigurationError } from '@s4u/krb5'
import type { DelegatedTickets } from '../client/client-options.js'

interface Kept {
  readonly tickets: DelegatedTickets
  /** Milliseconds since the epoch. */
  readonly expiresAt: number
}

const kept = new Map<string, Kept>()

/**
 * The most users at a time; the oldest go first. Programs keep the name in the session of a user
 * and never say that they need it no more.
 */
const MAX_KEPT = 10_000

/** As MIT's library names caches that no other process sees. */
const PREFIX = 'MEMORY:s4u-'

/**
 * Keeps a user's credentials until they end, and returns the name under which they are found:
 * `delegatedCredentialsCache`. npm `kerberos` 0.0 wrote them into a file of /tmp; here they are in
 * this process alone, and nobody can guess the name.
 */
export function keepDelegated(tickets: DelegatedTickets, expiresAt: number, now = Date.now()): string {
  const name = PREFIX + randomUUID()
  kept.set(name, { tickets, expiresAt })
  for (const [each, { expiresAt: end }] of kept) if (end <= now || kept.size > MAX_KEPT) kept.delete(each)
  return name
}

export const isDelegated = (name: string): boolean => name.startsWith(PREFIX)

/** @throws ConfigurationError KRB5_FCC_NOFILE for credentials that have ended, or of another process */
export function findDelegated(name: string, now = Date.now()): DelegatedTickets {
  const found = kept.get(name)
  if (found !== undefined && found.expiresAt > now) return found.tickets
  throw new ConfigurationError('the credentials of this user have ended, or are those of another process', {
    code: 'KRB5_FCC_NOFILE',
    hint: 'Let the user sign in again. Several processes need sticky sessions, or @s4u/negotiate.',
  })
}
