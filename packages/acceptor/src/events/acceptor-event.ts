import type { Notice, S4uError } from '@s4u/krb5'
import type { ImpersonationLevel } from '../identity/identity-claims.js'
import type { Withheld } from '../pac-authority/withheld.js'

/** What an acceptor tells about its work. */
export type AcceptorEvent =
  | ExchangeEvent
  /**
   * A ticket was opened with a key that a newer one has replaced: not all tickets have been renewed
   * yet.
   */
  | { readonly kind: 'old-key-used'; readonly service: string; readonly kvno: number; readonly newestKvno: number }
  | { readonly kind: 'keytab-reloaded'; readonly source: string; readonly principals: readonly string[] }
  /** The keys that were read before stay in use. */
  | { readonly kind: 'keytab-reload-failed'; readonly source: string; readonly code: string; readonly message: string }
  /**
   * The service's own ticket could not be had, which says the domain SID of its realm: no SID of
   * foreign users is believed.
   */
  | { readonly kind: 'own-ticket-failed'; readonly code: string; readonly message: string }
  | { readonly kind: 'replay-cache-full' }
  /** `accepted` tells what onReplayStoreDown made of it. */
  | { readonly kind: 'replay-store-down'; readonly accepted: boolean; readonly message: string }
  | Notice

/** One leg of one negotiation, whatever came of it. Holds no token, ticket or key. */
export interface ExchangeEvent {
  readonly kind: 'exchange'
  readonly outcome: 'accepted' | 'continue' | 'refused'
  /** Why it was refused: `KRB_AP_ERR_SKEW`. */
  readonly code?: string
  readonly message?: string
  readonly hint?: string
  /** The refusal itself, for who wants its class or cause. */
  readonly error?: S4uError
  /** An OID, or `ntlm`, `negoex`, `iakerb`, `unknown`. */
  readonly mechanism?: string
  readonly framing?: 'spnego' | 'krb5'
  readonly clientAddress?: string
  /** `alice@AD.TEST`; when refused, only if the ticket could be opened. */
  readonly client?: string
  /** The SID of the caller, where it is known and believed. */
  readonly clientSid?: string
  /** Whose key opened the ticket. */
  readonly service?: string
  /**
   * The SID of the account of this service, once a ticket of its own has told it: the Service ID of
   * Windows event 4769.
   */
  readonly serviceSid?: string
  /** The name on the ticket, which nothing protects. */
  readonly ticketService?: string
  readonly encryptionType?: string
  readonly sessionEncryptionType?: string
  readonly kvno?: number
  /** Whether the ticket had been opened for an earlier request. */
  readonly ticketSeenBefore?: boolean
  readonly impersonationLevel?: ImpersonationLevel
  /**
   * The client forwarded a ticket-granting ticket, and what became of it: see the option
   * `forwardedTickets`.
   */
  readonly forwardedTicket?: 'ignored' | 'kept'
  readonly delegatedBy?: readonly string[]
  /**
   * What the PAC of a user of another realm said and that realm has no authority for. Absent where
   * all of it counts.
   */
  readonly withheld?: Withheld
}
