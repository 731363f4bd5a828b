/** Formats tickets in a user's name as lines for people. */

import { type JournalEntry, S4uError } from '@s4u/kdc-client'
import type { ImpersonateEvent } from './impersonation-event.js'

type About = Pick<ImpersonateEvent, 'user' | 'target' | 'account'>

export function issued(event: ImpersonateEvent): JournalEntry {
  const { way, evidence, cache, clientAddress } = event
  const facts = [
    way !== undefined && `way ${way}`,
    `evidence ${evidence}`,
    cache === 'hit' && 'from the cache',
    clientAddress !== undefined && `for the caller at ${clientAddress}`,
  ].filter((fact) => typeof fact === 'string')
  return { level: 'debug', text: `impersonate: ${what(event)} (${facts.join(', ')})` }
}

export function refused(subject: About, error: unknown): JournalEntry {
  const { code, message, hint, help } = S4uError.is(error)
    ? error
    : { code: 'failed', message: error instanceof Error ? error.name : 'no error', hint: undefined, help: undefined }
  return { level: 'warn', text: `impersonate: ${what(subject)}: ${code}: ${message}`, hint, help }
}

/** With a ticket to the service itself it learns about the user for whom it vouches. */
function what({ user, target, account = 'this service' }: About): string {
  return target === '' ? `${account} vouches for ${user}` : `${account} as ${user} to ${target}`
}
