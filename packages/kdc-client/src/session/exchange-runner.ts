import { formatPrincipal, KRB_ERROR_CODES as KRB, type Principal, sameRealmIgnoringCase } from '@s4u/krb5'
import { explainDelegation } from '../delegation/delegation-refusal.js'
import { type ExchangeStep, kdcAnswer } from '../errors/kdc-answer.js'
import { type CacheMiss, tell } from '../events/events.js'
import { lookAtEvidence } from '../delegation/evidence-inspection.js'
import type { QueuePlace } from '../async/fair-queue.js'
import type { KdcClock } from '../exchange/kdc-clock.js'
import type { KdcContext } from '../exchange/kdc-context.js'
import { realmAsked } from '../tickets/granting-ticket.js'
import { type EvidenceTicket, isForwardable, type ServiceTicket } from '../tickets/service-ticket.js'
import { explainSignIn } from '../advice/sign-in-refusal.js'
import type { TgsRefusal } from '../tgs-exchange/tgs-exchange.js'
import type { Authority } from '../credentials/authority.js'
import { isYoung, type TicketGranting } from './ticket-granting.js'

/** What an exchange is about, for the errors and the events. */
export interface About {
  readonly step: ExchangeStep
  readonly target: string
  readonly user?: string
  readonly evidence?: EvidenceTicket
  /** Of S4U2Self: a certificate says who the user is. */
  readonly byCertificate?: boolean
  /** Why a KDC is asked. */
  readonly cache: CacheMiss
}

export type Answered = { readonly ticket: ServiceTicket } | TgsRefusal

/** Where the ticket-granting tickets for other realms are kept. */
export interface ForeignTgts {
  discard(tgt: ServiceTicket): void
}

/** What a KDC says of a ticket-granting ticket that it does not take any more: ended, or sealed with a key that it has changed. */
const OF_NO_USE: ReadonlySet<number> = new Set([
  KRB.KRB_AP_ERR_TKT_EXPIRED,
  KRB.KRB_AP_ERR_BADKEYVER,
  KRB.KRB_AP_ERR_BAD_INTEGRITY,
  KRB.KDC_ERR_TGT_REVOKED,
])

/** What a KDC says of a delegation that it does not grant. */
const NOT_DELEGABLE: ReadonlySet<number> = new Set([KRB.KDC_ERR_BADOPTION, KRB.KDC_ERR_POLICY])

/** For how long one forwardable S4U2Self ticket shows that others may be had; milliseconds. The directory may change meanwhile. */
const TRANSITED_FOR = 600_000

/** Runs exchanges with the service's ticket-granting ticket, mends what can be mended, and explains what cannot. */
export class Exchanges {
  private readonly context: KdcContext
  private readonly authority: Authority
  private readonly granting: TicketGranting
  private readonly foreign: ForeignTgts
  private readonly self: Principal
  private transitedAt = -Infinity

  constructor(context: KdcContext, authority: Authority, granting: TicketGranting, foreign: ForeignTgts) {
    this.context = context
    this.authority = authority
    this.granting = granting
    this.foreign = foreign
    this.self = authority.principal
  }

  /** Has just got a forwardable S4U2Self ticket: this account is trusted for protocol transition. */
  noteTransition(): void {
    this.transitedAt = this.context.clock.now()
  }

  /**
   * One exchange, told to whoever listens, until the signal aborts. `granted` gives the ticket-granting ticket; default: that of the own
   * realm.
   */
  run(
    about: About,
    signal: AbortSignal,
    ask: (context: KdcContext, tgt: ServiceTicket) => Promise<Answered>,
    granted: () => Promise<ServiceTicket> = () => this.granting.tgt(signal),
  ): Promise<ServiceTicket> {
    const subject = { ...about, account: formatPrincipal(this.self) }
    return tell(subject, () => this.mended(about, signal, ask, granted), this.context.journal)
  }

  /** A clock that is off, and a ticket that is of no use any more, are mended, each once. */
  private async mended(
    about: About,
    signal: AbortSignal,
    ask: (context: KdcContext, tgt: ServiceTicket) => Promise<Answered>,
    granted: () => Promise<ServiceTicket>,
  ): Promise<ServiceTicket> {
    let context: KdcContext = { ...this.context, signal, place: this.placeOf(about) }
    for (let clockMended = false, ticketMended = false; ;) {
      const tgt = await granted()
      const answered = await ask(context, tgt)
      if ('ticket' in answered) {
        if (context.clock !== this.context.clock) learnTime(this.context.clock, answered.ticket)
        return answered.ticket
      }
      const { refused } = answered
      if (!clockMended && refused.errorCode === KRB.KRB_AP_ERR_SKEW) {
        clockMended = true
        context = { ...context, clock: context.clock.supposing(refused.stime) }
      } else if (!ticketMended && (await this.mendsTicket(answered, about, signal))) ticketMended = true
      else throw await this.refusal(about, answered)
    }
  }

  /**
   * Whether it is worth asking again, with another ticket-granting ticket. Where there is evidence in the request, the KDC may mean that
   * one as well: a ticket-granting ticket that was got just now is not suspected, so that bad evidence, of which anybody may present any
   * number, does not make as many sign-ins. The same holds for a refusal that came in a datagram alone.
   */
  private async mendsTicket(
    { refused, shown }: TgsRefusal,
    { step, evidence }: About,
    signal: AbortSignal,
  ): Promise<boolean> {
    if (step === 'S4U2Proxy' && NOT_DELEGABLE.has(refused.errorCode)) return this.mendsFlag(shown, signal)
    if (!OF_NO_USE.has(refused.errorCode)) return false
    const isOwn = sameRealmIgnoringCase(realmAsked(shown), this.self.realm)
    const isDoubtful = evidence !== undefined || refused.unconfirmed === true
    if (isDoubtful && isOwn) return this.granting.replace(shown, signal)
    if (isDoubtful && isYoung(shown, this.context.clock.now())) return false
    if (isOwn) await this.granting.renew(shown, signal)
    else this.foreign.discard(shown)
    return true
  }

  /**
   * A ticket-granting ticket that is not forwardable stays so, even when the account is not sensitive any more: it is got anew, no more
   * than once a minute.
   */
  private async mendsFlag(shown: ServiceTicket, signal: AbortSignal): Promise<boolean> {
    if (isForwardable(shown) || this.authority.kind !== 'sign-in') return false
    if (this.context.forwardable === false) return false
    if (!sameRealmIgnoringCase(realmAsked(shown), this.self.realm)) return false
    if (!(await this.granting.replace(shown, signal))) return false
    return isForwardable(await this.granting.tgt(signal))
  }

  /** Among those who wait for a KDC: a delegation is the user's, anything else the service's own. */
  private placeOf({ user }: About): QueuePlace | undefined {
    const { place } = this.context
    return place && user !== undefined ? { ...place, user } : place
  }

  private async refusal({ step, target, user, evidence, byCertificate }: About, { refused, shown }: TgsRefusal) {
    const { etypes, otherSpelling, clock } = this.context
    const answer = kdcAnswer(step, formatPrincipal(this.self), target, refused, user)
    const request = { etypes, otherSpelling, askedRealm: realmAsked(shown) }
    if (step === 'TGS') return explainSignIn(answer, request)
    const isFromElsewhere = this.authority.kind !== 'sign-in'
    return explainDelegation(answer, {
      ...request,
      evidence,
      byCertificate,
      sight: evidence && (await lookAtEvidence(evidence, this.authority)),
      mayTransition: clock.now() < this.transitedAt + TRANSITED_FOR,
      ownTicket: { forwardable: isForwardable(shown), isFromElsewhere, isPlain: this.context.forwardable === false },
    })
  }
}

/**
 * The KDC's time, when a ticket was got with a clock that an error had told. KDCs bear a difference of minutes, so that a ticket does not
 * prove that clock; when it was issued is sealed in it. A KDC that leaves that out has said nothing of the time.
 */
function learnTime(clock: KdcClock, { startsAt, authenticatedAt }: ServiceTicket): void {
  if (startsAt !== authenticatedAt) clock.confirm(startsAt)
}
