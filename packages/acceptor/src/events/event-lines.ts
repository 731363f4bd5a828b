/** The events of an acceptor as lines for people. */

import { helpOf, type JournalEntry } from '@s4u/krb5'
import type { AcceptorEvent, ExchangeEvent } from './acceptor-event.js'

/**
 * Returns the kind under which an event is warned of, if it concerns an operator; undefined for
 * routine.
 */
export function kindToWarnOf(event: AcceptorEvent): string | undefined {
  switch (event.kind) {
    case 'exchange':
      return event.outcome === 'refused' ? (event.code ?? 'refused') : undefined
    case 'keytab-reload-failed':
    case 'own-ticket-failed':
    case 'replay-cache-full':
    case 'replay-store-down':
      return event.kind
    case 'notice':
      return event.level === 'info' ? undefined : event.code
    case 'old-key-used':
    case 'keytab-reloaded':
      return undefined
  }
}

/** Returns an event as a line of the log, with a hint if there is something to do. */
export function entryOf(event: AcceptorEvent): JournalEntry {
  switch (event.kind) {
    case 'exchange':
      return ofExchange(event)
    case 'old-key-used': {
      const { service, kvno, newestKvno } = event
      return { level: 'info', text: `a ticket for ${service} has key version ${kvno}, and the newest is ${newestKvno}` }
    }
    case 'keytab-reloaded':
      return { level: 'info', text: `read ${event.source} again: ${event.principals.join(', ')}` }
    case 'keytab-reload-failed':
      return {
        level: 'error',
        text: `could not read ${event.source} again: ${event.code}: ${event.message}`,
        hint: 'The keys that were read before stay in use.',
      }
    case 'own-ticket-failed':
      return {
        level: 'warn',
        text: `could not learn which domain is the own one: ${event.code}: ${event.message}`,
        hint: 'SIDs of users of other realms are not believed until then. Say it in domainSids where no KDC can be asked.',
      }
    case 'replay-cache-full':
      return { level: 'error', text: 'the replay memory is full: tokens are refused until some have expired' }
    case 'replay-store-down': {
      const made = event.accepted ? 'accepted without it' : 'refused'
      return { level: 'error', text: `the replay store does not answer: ${event.message}; a token was ${made}` }
    }
    case 'notice':
      return { level: event.level, text: `${event.code}: ${event.message}`, hint: event.hint }
  }
}

function ofExchange(event: ExchangeEvent): JournalEntry {
  const { outcome, client = 'a caller', code, message, hint } = event
  const facts = factsOf(event)
  const details = facts.length === 0 ? '' : ` (${facts.join(', ')})`
  switch (outcome) {
    case 'accepted':
      return { level: 'debug', text: `accepted ${client}${details}` }
    case 'continue':
      return { level: 'debug', text: `asked ${client} for another leg${details}` }
    case 'refused':
      return {
        level: 'warn',
        text: `refused ${client}: ${code}: ${message}${details}`,
        hint,
        ...(code !== undefined && { help: helpOf(code) }),
      }
  }
}

function factsOf({ service, ticketService, ...event }: ExchangeEvent): string[] {
  const { encryptionType, kvno, framing, impersonationLevel, delegatedBy = [], clientAddress } = event
  return [
    service !== undefined ? `for ${service}` : ticketService !== undefined && `the ticket says for ${ticketService}`,
    event.source !== undefined && `by ${event.source}`,
    event.triedUser !== undefined && `as "${event.triedUser}"`,
    event.mechanism !== undefined && `mechanism ${event.mechanism}`,
    framing,
    encryptionType,
    kvno !== undefined && `key version ${kvno}`,
    event.ticketSeenBefore === true && 'a ticket seen before',
    impersonationLevel !== undefined && `level ${impersonationLevel}`,
    event.forwardedTicket !== undefined && `a forwarded ticket was ${event.forwardedTicket}`,
    delegatedBy.length > 0 && `delegated by ${delegatedBy.join(', ')}`,
    event.withheld !== undefined && 'some of the PAC was withheld',
    clientAddress !== undefined && `from ${clientAddress}`,
  ].filter((fact) => typeof fact === 'string')
}
