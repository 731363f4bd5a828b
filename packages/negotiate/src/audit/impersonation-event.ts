import type { Way } from '@s4u/kdc-client'

/**
 * One ticket asked for, with what Windows events 4769 and 4624 tell, as far as it is known. Holds
 * no ticket or key.
 */
export interface ImpersonateEvent {
  readonly kind: 'impersonate'
  readonly outcome: 'issued' | 'failed'
  /** Who acts: `svc-web@AD.TEST`. Unknown when the app's own rules refused before it had to be. */
  readonly account?: string
  /**
   * In whose name: `alice@AD.TEST`; for a protocol transition that failed as the app named the
   * user, a certificate's owner `(certificate)`.
   */
  readonly user: string
  readonly userName: string
  readonly userDomain: string
  /** The SID of the user, where it is known. */
  readonly userSid?: string
  /**
   * The SID of the account that acts, where a ticket of its own has told it; of a ticket to the
   * service itself, its Service ID.
   */
  readonly accountSid?: string
  /**
   * `HTTP/api.ad.test`, as asked for; empty for a ticket to the service itself (protocol
   * transition).
   */
  readonly target: string
  readonly serviceName: string
  /** Known when there is a ticket. */
  readonly serviceRealm?: string
  /** How the user came to this service: with a ticket, or by the app's word. */
  readonly evidence: 'presented' | 's4u2self' | 'asserted' | 'none'
  /** By which way the ticket was got, when there is one. */
  readonly way?: Way
  readonly impersonationLevel?: string
  /**
   * `exchange`: a KDC was asked for this one. `hit`: the ticket, or the refusal, was there or under
   * way. Absent when nothing was asked for.
   */
  readonly cache?: 'hit' | 'exchange'
  /** KDC options of the last request to a KDC, `0x40810000`. Absent when none was asked. */
  readonly ticketOptions?: string
  /** `0x12`, and its name. */
  readonly ticketEncryptionType?: string
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
  /** `KDC_ERR_BADOPTION` */
  readonly code?: string
  /** `target-not-allowed`, or what was wrong in a sentence. */
  readonly reason?: string
  readonly ntStatus?: string
  /** Milliseconds. */
  readonly duration: number
}
