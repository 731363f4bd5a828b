import type { ExchangeStep } from '../errors/kdc-answer.js'

/**
 * One sign-in, or one request for a ticket with all its referrals and retries. An answer of the
 * cache is no event. An event holds no ticket and no key.
 */
export interface KdcEvent {
  readonly kind: 'exchange'
  /**
   * Which exchange: a sign-in (`AS`), a ticket for the account itself (`TGS`), or one in the name
   * of a user.
   */
  readonly step: ExchangeStep
  /** Whether there is a ticket. */
  readonly outcome: 'issued' | 'failed'
  /** `svc-web@AD.TEST` */
  readonly account: string
  /** `HTTP/api.ad.test`; at sign-in `krbtgt`. */
  readonly target: string
  /** The user of a delegation step. */
  readonly user?: string
  /** Why the exchange failed: `KDC_ERR_BADOPTION`, or `AbortError` if all callers gave up. */
  readonly code?: string
  /** Of a failed delegation: `target-not-allowed`. */
  readonly reason?: string
  /** The NTSTATUS that the KDC added: `0xC0000022`. */
  readonly ntStatus?: string
  /** The encryption type of the ticket, if there is one. */
  readonly encryptionType?: string
  /** The encryption type of the session key. */
  readonly sessionEncryptionType?: string
  /** Whether the ticket is evidence for a further service. */
  readonly forwardable?: boolean
  /** When the ticket expires; milliseconds since the epoch. */
  readonly expiresAt?: number
  /** How long the exchange took; milliseconds. */
  readonly duration: number
  /** The account without its realm, as in Windows events 4768 and 4769: `svc-web`. */
  readonly accountName: string
  /** The realm of the account: `AD.TEST`. */
  readonly accountDomain: string
  /** The user of a delegation step without the realm: `alice`. */
  readonly userName?: string
  /** The user's realm. */
  readonly userDomain?: string
  /** The service that was asked for, without its realm. */
  readonly serviceName: string
  /** The realm of the service; known if there is a ticket. */
  readonly serviceRealm?: string
  /** The KDC options of the last request, `0x40810000`. */
  readonly ticketOptions?: string
  /** The flags of the ticket, `0x40A10000`. */
  readonly ticketFlags?: string
  /** The number of the ticket's encryption type, `0x12`; `encryptionType` is its name. */
  readonly ticketEncryptionType?: string
  /**
   * The number of the KDC's error, `0xD`, whose name is `code`; `0x0` for a ticket. Absent if the
   * KDC did not answer.
   */
  readonly failureCode?: string
  /**
   * The address of the user, if the caller told it. (A KDC's own log has the address of this
   * service.)
   */
  readonly clientAddress?: string
  /**
   * The services that act for the user with this ticket, the nearest one last, as far as the caller
   * told them. This service appears by its account. In a delegation step.
   */
  readonly transitedServices?: readonly string[]
  /** The SID of the user, if the caller told it. In a delegation step. */
  readonly userSid?: string
  /** The SID of the account that asks, if the caller told it. In a delegation step. */
  readonly accountSid?: string
  /** Why the cache did not answer. */
  readonly cache: CacheMiss
}

/** `miss`: the cache had no ticket that could be used. `refresh`: it had one near its end. */
export type CacheMiss = 'miss' | 'refresh'

/** What an exchange is about. */
export type KdcEventSubject = Pick<KdcEvent, 'step' | 'account' | 'target' | 'user' | 'cache'>
