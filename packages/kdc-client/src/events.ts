/** What a client tells about its exchanges. The only file of this package that knows `node:diagnostics_channel`. */

import { encryptionTypeName } from '@s4u/krb5'
import { channel } from 'node:diagnostics_channel'
import type { ExchangeStep } from './errors.js'
import { isForwardable, type ServiceTicket } from './service-ticket.js'

/** The name of the diagnostics channel on which every exchange with a KDC appears. */
export const KDC_CHANNEL = 's4u:kdc'

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
  /** Why it failed: `KDC_ERR_BADOPTION`; for a delegation also the reason and the NTSTATUS. */
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
}

export type KdcEventSubject = Pick<KdcEvent, 'step' | 'account' | 'target' | 'user'>

const diagnostics = channel(KDC_CHANNEL)

/** Runs an exchange and tells how it went. */
export async function tell<T extends ServiceTicket>(subject: KdcEventSubject, exchange: () => Promise<T>): Promise<T> {
  if (!diagnostics.hasSubscribers) return exchange()
  const began = performance.now()
  const publish = (rest: Omit<KdcEvent, 'kind' | 'duration' | keyof KdcEventSubject>): void => {
    const { step, account, target, user } = subject
    const duration = performance.now() - began
    diagnostics.publish({ kind: 'exchange', step, account, target, user, ...rest, duration } satisfies KdcEvent)
  }
  try {
    const ticket = await exchange()
    publish({ outcome: 'issued', ...describe(ticket) })
    return ticket
  } catch (error) {
    publish({ outcome: 'failed', ...whyFailed(error) })
    throw error
  }
}

function describe(ticket: ServiceTicket) {
  return {
    encryptionType: encryptionTypeName(ticket.ticket.encPart.etype),
    sessionEncryptionType: encryptionTypeName(ticket.sessionKey.etype),
    forwardable: isForwardable(ticket),
    expiresAt: ticket.expiresAt,
  }
}

function whyFailed(error: unknown) {
  const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)
  if (!(error instanceof Error)) return {}
  const answer = 'answer' in error && typeof error.answer === 'object' ? error.answer : null
  return {
    code: 'code' in error ? text(error.code) : error.name,
    reason: 'reason' in error ? text(error.reason) : undefined,
    ntStatus: answer !== null && 'ntStatus' in answer ? text(answer.ntStatus) : undefined,
  }
}
