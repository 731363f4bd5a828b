import type { Notice, S4uError } from '@s4u/krb5'
import type { ImpersonationLevel } from '../identity/identity-claims.js'
import type { Withheld } from '../pac-authority/withheld.js'

/** An event of an acceptor. */
export type AcceptorEvent =
  | ExchangeEvent
  /**
   * A ticket was opened with an old key: the client has not renewed its ticket since the key was
   * changed.
   */
  | { readonly kind: 'old-key-used'; readonly service: string; readonly kvno: number; readonly newestKvno: number }
  /** The keytab had changed, and its new keys are in use. `principals` are those that it has. */
  | { readonly kind: 'keytab-reloaded'; readonly source: string; readonly principals: readonly string[] }
  /** The keytab could not be read again. The keys that were read before stay in use. */
  | { readonly kind: 'keytab-reload-failed'; readonly source: string; readonly code: string; readonly message: string }
  /**
   * The service could not get a ticket for itself, which would show the domain SID of its realm.
   * Until then no SID of users of other realms is believed.
   */
  | { readonly kind: 'own-ticket-failed'; readonly code: string; readonly message: string }
  /** The memory of used tokens is full. New tokens are refused until the oldest have expired. */
  | { readonly kind: 'replay-cache-full' }
  /**
   * The replay store did not answer. `accepted` is what the option `onReplayStoreDown` made of the
   * token.
   */
  | { readonly kind: 'replay-store-down'; readonly accepted: boolean; readonly message: string }
  | Notice

/** One token of one negotiation, whatever its outcome. Holds no token, ticket or key. */
export interface ExchangeEvent {
  readonly kind: 'exchange'
  /** What happened to the token. */
  readonly outcome: 'accepted' | 'continue' | 'refused'
  /** The code of the refusal: `KRB_AP_ERR_SKEW`. */
  readonly code?: string
  /** The reason of the refusal. */
  readonly message?: string
  /** What to do about the refusal. */
  readonly hint?: string
  /** The refusal itself, with its class and cause. */
  readonly error?: S4uError
  /**
   * The way to sign in beside Negotiate, where it was no token: `form`. A record without it may be
   * of the ticket with which a KDC answered such a sign-in.
   */
  readonly source?: string
  /**
   * The name that was typed at that way to sign in, which has refused it: nobody has proven to have
   * that name. It is shown where it is that of an account. Of what is not (a password in the wrong
   * field) a digest is, `unknown 3f9a2c1b`, the same for the same text in one process.
   */
  readonly triedUser?: string
  /** The mechanism: an OID, or `ntlm`, `negoex`, `iakerb`, `unknown`. */
  readonly mechanism?: string
  /** Whether the token was wrapped in SPNEGO. */
  readonly framing?: 'spnego' | 'krb5'
  /** The client's address, as `accept` was told it. */
  readonly clientAddress?: string
  /** The caller: `alice@AD.TEST`. Of a refused token, only if the ticket could be opened. */
  readonly client?: string
  /** The SID of the caller, if it is known and believed. */
  readonly clientSid?: string
  /** The service whose key opened the ticket. */
  readonly service?: string
  /**
   * The SID of this service's account, once a ticket of its own has shown it: the Service ID of
   * Windows event 4769.
   */
  readonly serviceSid?: string
  /** The service name on the ticket. It is not sealed: anyone on the way can change it. */
  readonly ticketService?: string
  /** The encryption type of the ticket: `aes256-cts-hmac-sha1-96`. */
  readonly encryptionType?: string
  /** The encryption type of the session key. */
  readonly sessionEncryptionType?: string
  /** The key version of the ticket. */
  readonly kvno?: number
  /** Whether the ticket had been opened for an earlier request. */
  readonly ticketSeenBefore?: boolean
  /** What the service may do as the caller. */
  readonly impersonationLevel?: ImpersonationLevel
  /**
   * What happened to the ticket-granting ticket that the client forwarded, if there was one: see
   * the option `forwardedTickets`.
   */
  readonly forwardedTicket?: 'ignored' | 'kept'
  /** The services that acted for the user on the way here, nearest last. */
  readonly delegatedBy?: readonly string[]
  /**
   * What the PAC of a user of another realm said although that realm has no authority for it.
   * Absent if everything counts.
   */
  readonly withheld?: Withheld
}
