import { formatPrincipal, KRB_ERROR_CODES as KRB, type Principal, sameRealmIgnoringCase } from '@s4u/krb5'
import { explainSignIn } from '../advice/sign-in-refusal.js'
import type { QueuePlace } from '../async/fair-queue.js'
import type { Authority } from '../credentials/authority.js'
import { explainDelegation } from '../delegation/delegation-refusal.js'
import { inspectEvidence } from '../delegation/evidence-inspection.js'
import { type ExchangeStep, kdcAnswer } from '../errors/kdc-answer.js'
import { type CacheMiss, tell } from '../events/events.js'
import type { KdcClock } from '../exchange/kdc-clock.js'
import type { KdcContext } from '../exchange/kdc-context.js'
import type { TgsRefusal, TicketOutcome } from '../tgs-exchange/tgs-exchange.js'
import { realmAsked, type Tgt } from '../tickets/granting-ticket.js'
import { type EvidenceTicket, isForwardable, type ServiceTicket } from '../tickets/service-ticket.js'
import { isYoung, type OwnTgt } from './own-tgt.js'

/** What an exchange is about, for errors and events. */
export interface ExchangeSubject {
  readonly step: ExchangeStep
  readonly target: string
  readonly user?: string
  readonly evidence?: EvidenceTicket
  /** For S4U2Self: a certificate, not a name, tells who the user is. */
  readonly byCertificate?: boolean
  /** Why the cache did not answer. */
  readonly cache: CacheMiss
}

/** Sends a request with a ticket-granting ticket. */
export type AskKdc = (context: KdcContext, tgt: Tgt) => Promise<TicketOutcome>

/** The cache that keeps the ticket-granting tickets for other realms. */
export interface ForeignTgts {
  discard(tgt: Tgt): void
}

/**
 * Errors by which a KDC says that it does not accept a ticket-granting ticket any more: it has
 * expired, or it is sealed with a key that the KDC has changed.
 */
const TGT_REFUSED: ReadonlySet<number> = new Set([
  KRB.KRB_AP_ERR_TKT_EXPIRED,
  KRB.KRB_AP_ERR_BADKEYVER,
  KRB.KRB_AP_ERR_BAD_INTEGRITY,
  KRB.KDC_ERR_TGT_REVOKED,
])

/** Errors by which a KDC refuses a delegation. */
const NOT_DELEGABLE: ReadonlySet<number> = new Set([KRB.KDC_ERR_BADOPTION, KRB.KDC_ERR_POLICY])

/**
 * How long one forwardable S4U2Self ticket counts as proof that the account is trusted for protocol
 * transition; milliseconds. The directory may change meanwhile.
 */
const TRANSITED_FOR = 600_000

/**
 * Runs exchanges with the service's ticket-granting ticket. A request is sent once more with the
 * KDC's time, and once more with another ticket-granting ticket, where that can help. Other
 * refusals become errors with a hint.
 */
export class ExchangeRunner {
  readonly #context: KdcContext
  readonly #authority: Authority
  readonly #ownTgt: OwnTgt
  readonly #foreign: ForeignTgts
  readonly #self: Principal
  #transitedAt = -Infinity

  constructor(context: KdcContext, authority: Authority, ownTgt: OwnTgt, foreign: ForeignTgts) {
    this.#context = context
    this.#authority = authority
    this.#ownTgt = ownTgt
    this.#foreign = foreign
    this.#self = authority.principal
  }

  /**
   * Notes that a forwardable S4U2Self ticket came: the account is trusted for protocol transition.
   */
  noteTransition(): void {
    this.#transitedAt = this.#context.clock.now()
  }

  /**
   * Runs one exchange and publishes its event.
   *
   * @param tgtFor gets the ticket-granting ticket. Default: that of the service's own realm
   * @throws KdcError, DelegationRefusedError, KdcUnreachableError, RejectedTokenError, and what the
   * signal aborts with
   */
  run(
    subject: ExchangeSubject,
    signal: AbortSignal,
    ask: AskKdc,
    tgtFor: () => Promise<Tgt> = () => this.#ownTgt.get(signal),
  ): Promise<ServiceTicket> {
    const told = { ...subject, account: formatPrincipal(this.#self), shownAs: this.#context.shownAs }
    return tell(told, () => this.#runWithRetries(subject, signal, ask, tgtFor), this.#context.journal)
  }

  async #runWithRetries(
    subject: ExchangeSubject,
    signal: AbortSignal,
    ask: AskKdc,
    tgtFor: () => Promise<Tgt>,
  ): Promise<ServiceTicket> {
    let context: KdcContext = { ...this.#context, signal, place: this.#placeOf(subject) }
    let hasTriedTime = false
    let hasTriedTgt = false
    for (;;) {
      const tgt = await tgtFor()
      const outcome = await ask(context, tgt)
      if ('ticket' in outcome) {
        if (context.clock !== this.#context.clock) learnTime(this.#context.clock, outcome.ticket)
        return outcome.ticket
      }
      const { refused } = outcome
      if (!hasTriedTime && refused.errorCode === KRB.KRB_AP_ERR_SKEW) {
        hasTriedTime = true
        context = { ...context, clock: context.clock.supposing(refused.stime) }
      } else if (!hasTriedTgt && (await this.#hasOtherTgt(outcome, subject, signal))) hasTriedTgt = true
      else throw await this.#refusal(subject, outcome)
    }
  }

  /**
   * Resolves to true if another ticket-granting ticket is there, with which the request may
   * succeed.
   *
   * If the request also carried evidence, the KDC may mean the evidence. A young ticket-granting
   * ticket is not suspected then: otherwise each bad evidence ticket, which anybody may present in
   * any number, would cause a sign-in. The same holds for a refusal that came in a datagram only.
   */
  async #hasOtherTgt(
    { refused, shown }: TgsRefusal,
    { step, evidence }: ExchangeSubject,
    signal: AbortSignal,
  ): Promise<boolean> {
    if (step === 'S4U2Proxy' && NOT_DELEGABLE.has(refused.errorCode)) return this.#hasForwardableTgt(shown, signal)
    if (!TGT_REFUSED.has(refused.errorCode)) return false
    const isOwn = sameRealmIgnoringCase(realmAsked(shown), this.#self.realm)
    const isDoubtful = evidence !== undefined || refused.unconfirmed === true
    if (isDoubtful && isOwn) return this.#ownTgt.tryForAnother(shown, signal)
    if (isDoubtful && isYoung(shown, this.#context.clock.now())) return false
    if (isOwn) await this.#ownTgt.requireAnother(shown, signal)
    else this.#foreign.discard(shown)
    return true
  }

  /**
   * Resolves to true if the ticket-granting ticket was not forwardable, and a new one is. The old
   * one stays as it is even after the account is not sensitive any more, so a new one is requested,
   * at most once a minute.
   */
  async #hasForwardableTgt(shown: Tgt, signal: AbortSignal): Promise<boolean> {
    if (isForwardable(shown) || this.#authority.kind !== 'sign-in') return false
    if (this.#context.forwardable === false) return false
    if (!sameRealmIgnoringCase(realmAsked(shown), this.#self.realm)) return false
    if (!(await this.#ownTgt.tryForAnother(shown, signal))) return false
    return isForwardable(await this.#ownTgt.get(signal))
  }

  /** Returns whose turn it is in the queue: the user's for a delegation, else the service's. */
  #placeOf({ user }: ExchangeSubject): QueuePlace | undefined {
    const { place } = this.#context
    return place && user !== undefined ? { ...place, user } : place
  }

  async #refusal({ step, target, user, evidence, byCertificate }: ExchangeSubject, { refused, shown }: TgsRefusal) {
    const { etypes, otherSpelling, clock } = this.#context
    const answer = kdcAnswer(step, formatPrincipal(this.#self), target, refused, user)
    const request = { etypes, otherSpelling, askedRealm: realmAsked(shown) }
    if (step === 'TGS') return explainSignIn(answer, request)
    const isFromElsewhere = this.#authority.kind !== 'sign-in'
    return explainDelegation(answer, {
      ...request,
      evidence,
      byCertificate,
      sight: evidence && (await inspectEvidence(evidence, this.#authority)),
      mayTransition: clock.now() < this.#transitedAt + TRANSITED_FOR,
      ownTicket: { forwardable: isForwardable(shown), isFromElsewhere, isPlain: this.#context.forwardable === false },
    })
  }
}

/**
 * Sets the clock after a request that used the time of a KRB_AP_ERR_SKEW. KDCs accept a difference
 * of minutes, so the ticket alone does not prove that time; its sealed time of issue does. A KDC
 * that leaves out `starttime` has said nothing about the time.
 */
function learnTime(clock: KdcClock, { startsAt, authenticatedAt }: ServiceTicket): void {
  if (startsAt !== authenticatedAt) clock.confirm(startsAt)
}
