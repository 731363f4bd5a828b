import type { SecurityContext } from '@s4u/gssapi'
import type { S4uError } from '@s4u/krb5'
import type { Identity } from '../identity/identity.js'

/** What became of one leg. Refusals are values: a peer cannot make an acceptor throw. */
export type AcceptOutcome = Accepted | Continued | Refused

/** The caller is known. `reply` goes back with the answer, whatever that is. */
export interface Accepted {
  readonly status: 'accepted'
  readonly identity: Identity
  readonly reply?: Uint8Array
  readonly context: SecurityContext
}

/** Another leg is needed: hand `negotiation` back with the client's next token. */
export interface Continued {
  readonly status: 'continue'
  readonly reply: Uint8Array
  readonly negotiation: PendingNegotiation
}

/**
 * `error` is for the log: neither its message nor its hint is for the client. `reply`, if any, is.
 */
export interface Refused {
  readonly status: 'refused'
  readonly error: S4uError
  readonly reply?: Uint8Array
  /** What was offered instead of Kerberos: `ntlm`, `negoex`, `iakerb`, `unknown`. */
  readonly mechanism?: string
}

/**
 * A negotiation between two legs. Belongs to one client, and is good for one more token. Whoever
 * keeps some bounds their number and drops them at `expiresAt` (milliseconds since the epoch).
 */
export interface PendingNegotiation {
  readonly expiresAt: number
}
