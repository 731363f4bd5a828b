import type { Identity } from '@s4u/acceptor'
import type { Session } from './session-revocation.js'
import { restoredIdentity, type SessionTicket } from './session-ticket.js'

/** What a cookie says of a session, once its ticket has been opened. */
export interface RestoredSession {
  readonly identity: Identity
  readonly session: Session
}

/**
 * Makes what a ticket says of a session once, and not for each of its requests. It is made again
 * where the acceptor reads another identity in the same ticket: the keytab may have changed.
 */
export class RestoredSessions {
  readonly #known = new WeakMap<SessionTicket, { readonly shown: Identity; readonly restored: RestoredSession }>()

  /** @param shown what the acceptor has read from the ticket, which it checks with each request */
  of(ticket: SessionTicket, shown: Identity, expiresAt: number): RestoredSession {
    const known = this.#known.get(ticket)
    if (known?.shown === shown) return known.restored
    const restored = { identity: restoredIdentity(shown, ticket), session: sessionOf(ticket, shown, expiresAt) }
    this.#known.set(ticket, { shown, restored })
    return restored
  }
}

/** Returns the facts about a session for its app. @param shown the identity of its ticket */
export function sessionOf(
  { id, principal, method, startedAt }: SessionTicket,
  { sid }: Pick<Identity, 'sid'>,
  expiresAt: number,
): Session {
  const user = { principal, ...(sid !== undefined && { sid }), authenticationMethod: method }
  return Object.freeze({ kind: 'cookie', id, ...user, startedAt, expiresAt })
}
