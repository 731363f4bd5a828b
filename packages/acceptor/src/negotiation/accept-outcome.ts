import type { SecurityContext } from '@s4u/gssapi'
import type { S4uError } from '@s4u/krb5'
import type { Identity } from '../identity/identity.js'

/** The outcome of one token. Refusals are values: a peer cannot make an acceptor throw. */
export type AcceptOutcome = Accepted | Continued | Refused

/** The caller is known. `reply` goes back with the HTTP answer, whatever its status is. */
export interface Accepted {
  readonly status: 'accepted'
  /** The caller. */
  readonly identity: Identity
  /** The last token for the client; undefined if the client needs none. */
  readonly reply?: Uint8Array
  /** Signs and seals further messages with the client. HTTP does not use it. */
  readonly context: SecurityContext
}

/**
 * The client must send another token: send `reply` with a 401, and hand `negotiation` back with
 * that token.
 */
export interface Continued {
  readonly status: 'continue'
  /** The token for the client. */
  readonly reply: Uint8Array
  /** What `accept` needs together with the client's next token. */
  readonly negotiation: PendingNegotiation
}

/**
 * The token is refused. Message and hint of `error` are for the log and never for the client;
 * `reply`, if there is one, is for the client.
 */
export interface Refused {
  readonly status: 'refused'
  /** The reason, for the log. */
  readonly error: S4uError
  /** The token for the client, if there is one for this refusal. */
  readonly reply?: Uint8Array
  /** What the client offered instead of Kerberos: `ntlm`, `negoex`, `iakerb` or `unknown`. */
  readonly mechanism?: string
}

/**
 * A negotiation that waits for the client's next token. It belongs to one client and takes one
 * token. Code that stores negotiations must bound their number and drop each at `expiresAt`
 * (milliseconds since the epoch).
 */
export interface PendingNegotiation {
  /** Milliseconds since the epoch. */
  readonly expiresAt: number
}
