/** Formats exchanges with KDCs as lines of a log. */

import { type JournalEntry, S4uError } from '@s4u/krb5'
import { KdcUnreachableError } from '../errors/kdc-errors.js'
import type { KdcEvent } from './kdc-event.js'
import type { ToldSubject } from './withheld-name.js'
import type { ServiceTicket } from '../tickets/service-ticket.js'

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

export function failed(about: ToldSubject, error: unknown): JournalEntry {
  const { step, account, target, user, isWithheld } = about
  const asked = step === 'AS' ? `sign-in of ${account}` : `${account} asked for ${target}${as(user)}`
  if (S4uError.is(error) && isWithheld)
    return { level: 'warn', text: `${step}: ${asked}: ${error.code}${triedBy(error)}`, hint: NOT_SHOWN }
  if (S4uError.is(error))
    return { level: 'warn', text: `${step}: ${asked}: ${error.code}: ${error.message}`, hint: error.hint }
  // An error of the app's function, or an abort: its message may hold anything, so it is not
  // logged.
  const name = error instanceof Error ? error.name : 'failed'
  return { level: name === 'AbortError' ? 'debug' : 'warn', text: `${step}: ${asked}: ${name}` }
}

const NOT_SHOWN =
  'The name is not shown, since no KDC has answered of an account that is called so: people type their password into the field of the name.'

/** Which servers did not answer, without the realm, which is a part of the name. */
function triedBy(error: S4uError): string {
  if (!(error instanceof KdcUnreachableError) || error.attempts.length === 0) return ''
  return ` (${error.attempts.map(({ address, reason }) => `${address}: ${reason}`).join('; ')})`
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
