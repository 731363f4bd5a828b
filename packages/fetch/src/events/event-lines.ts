/** Writes the events of a fetch as lines for people. */

import type { JournalEntry } from '@s4u/kdc-client'
import type { FetchEvent } from './fetch-event.js'

/**
 * Returns the kind of warning for an event; undefined for routine, and for failures that the caller
 * of fetch gets as an error.
 */
export function kindToWarnOf(event: FetchEvent): string | undefined {
  switch (event.kind) {
    case 'refused':
      return `refused by a backend${event.code === undefined ? '' : `: ${REASONS.has(event.code) ? event.code : 'another reason'}`}`
    case 'other-scheme-wanted':
      return event.kind
    case 'not-forwarded':
      return `${event.kind}: ${event.reason}`
    case 'notice':
      return event.level === 'info' ? undefined : event.code
    case 'authenticated':
    case 'stale-ticket':
    case 'server-not-proven':
    case 'server-not-asking':
    case 'error-not-proven':
      return undefined
  }
}

/**
 * The reasons that services give for refusing a ticket. A backend can write any code, and a process
 * warns of a limited number of kinds. A backend must not use these up, or the refusals of others
 * would not be seen.
 */
const REASONS: ReadonlySet<string> = new Set([
  'KRB_AP_ERR_BADADDR',
  'KRB_AP_ERR_BADKEYVER',
  'KRB_AP_ERR_BADMATCH',
  'KRB_AP_ERR_BAD_INTEGRITY',
  'KRB_AP_ERR_MODIFIED',
  'KRB_AP_ERR_NOKEY',
  'KRB_AP_ERR_NOT_US',
  'KRB_AP_ERR_REPEAT',
  'KRB_AP_ERR_SKEW',
  'KRB_AP_ERR_TKT_EXPIRED',
])

/** Returns the line for an event. */
export function entryOf(event: FetchEvent): JournalEntry {
  if (event.kind === 'notice') return { level: event.level, text: `${event.code}: ${event.message}`, hint: event.hint }
  if (event.kind === 'not-forwarded') return entryOfNotForwarded(event)
  const { origin, service, status } = event
  const answered = `${origin} (${service}) answered ${status}`
  switch (event.kind) {
    case 'authenticated': {
      const proof = event.serverProven ? 'proved itself' : 'proved nothing'
      return { level: 'debug', text: `fetch as ${event.client}: ${answered} and ${proof}; legs: ${event.legs}` }
    }
    case 'refused': {
      const reason = event.code === undefined ? 'without a reason' : `because of ${event.code}`
      return {
        level: 'warn',
        text: `fetch as ${event.client}: ${answered} to the ticket ${reason}`,
        hint: 'The answer went to whoever fetched. What the backend has against the ticket is in its own log: s4u there says it with NODE_DEBUG=s4u.',
      }
    }
    case 'other-scheme-wanted':
      return {
        level: 'warn',
        text: `fetch as ${event.client}: ${answered} to the ticket, and wants ${event.schemes.join(', ')}`,
        hint: 'The backend does not offer Negotiate to this request: turn it on there (Windows authentication), or fetch without s4u.',
      }
    case 'server-not-proven':
      return { level: 'warn', text: `fetch as ${event.client}: ${answered} and did not prove itself: ${event.code}` }
    case 'error-not-proven': {
      const shown = event.sanitized ? 'without headers and body' : 'as it came'
      return {
        level: 'info',
        text: `fetch as ${event.client}: ${answered}, which nothing proves, and was handed out ${shown}`,
      }
    }
    case 'server-not-asking':
      return { level: 'warn', text: `fetch: ${answered} without asking for a token: ${event.code}` }
    case 'stale-ticket':
      return {
        level: 'info',
        text: `fetch as ${event.client}: ${answered}: ${event.code}; a fresh ticket is tried`,
        hint: 'The service has another key than the KDC sealed the ticket with.',
      }
  }
}

function entryOfNotForwarded(event: Extract<FetchEvent, { kind: 'not-forwarded' }>): JournalEntry {
  const { origin, service, client } = event
  const nothing = `fetch as ${client}: no ticket-granting ticket went to ${origin} (${service})`
  switch (event.reason) {
    case 'service-not-trusted':
      return {
        level: 'warn',
        text: `${nothing}: the KDC does not call the service fit for one (ok-as-delegate)`,
        hint: "The service got what impersonation gives. okAsDelegate: 'ignore' forwards to all that origins lists.",
      }
    case 'user-not-delegable':
      return { level: 'warn', text: `${nothing}: the KDC forwards none of this user (${event.code})` }
    case 'nothing-to-forward':
      return { level: 'warn', text: `${nothing}: forwardTgt had none` }
  }
}
