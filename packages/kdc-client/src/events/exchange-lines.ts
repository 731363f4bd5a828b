/** Formats exchanges with KDCs as lines of a log. */

import { type JournalEntry, S4uError } from '@s4u/krb5'
import type { KdcEvent } from './kdc-event.js'
import type { ServiceTicket } from '../tickets/service-ticket.js'

type About = Pick<KdcEvent, 'step' | 'account' | 'target' | 'user' | 'cache'>

export function issued(event: KdcEvent): JournalEntry {
  const { account, target, user, encryptionType, forwardable, expiresAt, duration, cache } = event
  const facts = [
    encryptionType,
    forwardable ? 'forwardable' : 'not forwardable',
    expiresAt !== undefined && `until ${timeOf(expiresAt)}`,
    `${Math.round(duration)} ms`,
    cache === 'refresh' && 'before the one at hand ends',
  ].filter((fact) => typeof fact === 'string')
  const got = event.step === 'AS' ? `${account} has signed in` : `${account} got a ticket for ${target}${as(user)}`
  return { level: 'debug', text: `${event.step}: ${got} (${facts.join(', ')})` }
}

export function failed(about: About, error: unknown): JournalEntry {
  const { step, account, target, user } = about
  const asked = step === 'AS' ? `sign-in of ${account}` : `${account} asked for ${target}${as(user)}`
  if (S4uError.is(error))
    return { level: 'warn', text: `${step}: ${asked}: ${error.code}: ${error.message}`, hint: error.hint }
  // An error of the app's function, or an abort: its message may hold anything, so it is not
  // logged.
  const name = error instanceof Error ? error.name : 'failed'
  return { level: name === 'AbortError' ? 'debug' : 'warn', text: `${step}: ${asked}: ${name}` }
}

/** Returns the line of a ticket that came from the cache. */
export function cached({ client, service, expiresAt }: ServiceTicket): JournalEntry {
  const [whose, what] = [client, service].map(({ name, realm }) => `${name.nameString.join('/')}@${realm}`)
  return { level: 'debug', text: `cache: the ticket of ${whose} for ${what}, good until ${timeOf(expiresAt)}` }
}

export function cachedRefusal({ message }: Error): JournalEntry {
  return { level: 'debug', text: `cache: refused a moment ago: ${message}` }
}

function as(user: string | undefined): string {
  return user === undefined ? '' : ` as ${user}`
}

function timeOf(milliseconds: number): string {
  return Number.isFinite(milliseconds) ? new Date(Math.min(milliseconds, LAST_TIME)).toISOString() : 'ever'
}

/**
 * The latest time of a `Date`, since a KDC may send any time. Source: ECMAScript section 21.4.1.1.
 */
const LAST_TIME = 8.64e15
