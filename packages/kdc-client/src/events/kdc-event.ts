import type { ExchangeStep } from '../errors/kdc-answer.js'

/** One sign-in, or one request for a ticket with all its referrals and tries. What the cache answers is none. Holds no ticket or key. */
export interface KdcEvent {
  readonly kind: 'exchange'
  readonly step: ExchangeStep
  readonly outcome: 'issued' | 'failed'
  /** `svc-web@AD.TEST` */
  readonly account: string
  /** `HTTP/api.ad.test`; at sign-in `krbtgt`. */
  readonly target: string
  /** On whose behalf, in a delegation step. */
  readonly user?: string
  /** Why it failed: `KDC_ERR_BADOPTION`, `AbortError` when nobody waited any more; for a delegation also the reason and the NTSTATUS. */
  readonly code?: string
  readonly reason?: string
  readonly ntStatus?: string
  /** The ticket's, when there is one. */
  readonly encryptionType?: string
  readonly sessionEncryptionType?: string
  readonly forwardable?: boolean
  /** Milliseconds since the epoch. */
  readonly expiresAt?: number
  /** Milliseconds. */
  readonly duration: number
  /** As Windows events 4768 and 4769 have them: the account `svc-web`, its domain, and those of the user if there is one. */
  readonly accountName: string
  readonly accountDomain: string
  readonly userName?: string
  readonly userDomain?: string
  readonly serviceName: string
  /** Known when there is a ticket. */
  readonly serviceRealm?: string
  /** KDC options of the last request, `0x40810000`. */
  readonly ticketOptions?: string
  /** The ticket's flags, `0x40A10000`. */
  readonly ticketFlags?: string
  /** `0x12`; its name is `encryptionType`. */
  readonly ticketEncryptionType?: string
  /** The KDC's answer: `0xD`, whose name is `code`; `0x0` for a ticket. Absent when it gave none. */
  readonly failureCode?: string
  /** Of the user on whose behalf it was, where whoever asked told it: a KDC's own log has the address of this service. */
  readonly clientAddress?: string
  /** The services that act for the user by this ticket, nearest last, as far as whoever asked told: this one by its account. In a delegation step. */
  readonly transitedServices?: readonly string[]
  /** The SIDs of the user and of the account that asks, as far as whoever asked told them. In a delegation step. */
  readonly userSid?: string
  readonly accountSid?: string
  /** Why the cache did not answer: there was no ticket, or one that was about to end. */
  readonly cache: CacheMiss
}

/** What was in the cache when a KDC was asked: nothing that could be used, or a ticket near its end. */
export type CacheMiss = 'miss' | 'refresh'

/** What an exchange is about. */
export type KdcEventSubject = Pick<KdcEvent, 'step' | 'account' | 'target' | 'user' | 'cache'>
