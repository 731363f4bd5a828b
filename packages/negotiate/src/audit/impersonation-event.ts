import type { DelegationMethod } from '@s4u/kdc-client'

/**
 * One ticket that was asked for, with the facts of Windows events 4769 and 4624 as far as they are
 * known. Holds no ticket and no key.
 */
export interface ImpersonateEvent {
  readonly kind: 'impersonate'
  /** Whether there is a ticket. */
  readonly outcome: 'issued' | 'failed'
  /** The account that acts: `svc-web@AD.TEST`. Absent when the app's own rules refused first. */
  readonly account?: string
  /**
   * The user in whose name: `alice@AD.TEST`. For a failed protocol transition, the name that the
   * app gave; for the owner of a certificate `(certificate)`.
   */
  readonly user: string
  /** The user without the realm: `alice`. */
  readonly userName: string
  /** The user's realm: `AD.TEST`. */
  readonly userDomain: string
  /** The SID of the user, where it is known. */
  readonly userSid?: string
  /**
   * The SID of the account that acts, once a ticket of its own has told it. For a ticket to the
   * service itself this is the Service ID.
   */
  readonly accountSid?: string
  /**
   * `HTTP/api.ad.test`, as asked for; empty for a ticket to the service itself (protocol
   * transition).
   */
  readonly target: string
  /** The service that was asked for, without its realm. */
  readonly serviceName: string
  /** Known when there is a ticket. */
  readonly serviceRealm?: string
  /** How the user came to this service: with a ticket, or by the app's word. */
  readonly evidence: 'presented' | 's4u2self' | 'asserted' | 'none'
  /** The delegation method that got the ticket; absent when there is none. */
  readonly way?: DelegationMethod
  /** What this service may do as the user. */
  readonly impersonationLevel?: string
  /**
   * `exchange`: a KDC was asked. `hit`: the cache had the ticket or the refusal, or another request
   * was already asking for it. Absent when nothing was asked for.
   */
  readonly cache?: 'hit' | 'exchange'
  /** KDC options of the last request to a KDC, `0x40810000`. Absent when no KDC was asked. */
  readonly ticketOptions?: string
  /** The number of the ticket's encryption type: `0x12`. */
  readonly ticketEncryptionType?: string
  /** The name of the encryption type: `aes256-cts-hmac-sha1-96`. */
  readonly encryptionType?: string
  /** Of the user, where the request told it. */
  readonly clientAddress?: string
  /**
   * The services that act for the user with this ticket, nearest last; this one by the account that
   * asked.
   */
  readonly transitedServices: readonly string[]
  /** The KDC's answer, `0xD`; `0x0` for a ticket. */
  readonly failureCode?: string
  /** The name of that answer, or of the error of s4u: `KDC_ERR_BADOPTION`. */
  readonly code?: string
  /** `target-not-allowed`, or what was wrong in a sentence. */
  readonly reason?: string
  /** The NTSTATUS that the KDC added: `0xC0000022`. */
  readonly ntStatus?: string
  /** Milliseconds. */
  readonly duration: number
}
