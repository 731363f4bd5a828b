import { ConfigurationError, formatPrincipal, hasFlag, KdcOption, TicketFlag } from '@s4u/krb5'
import { requestTgt } from './as-exchange.js'
import type { Authority } from './credentials.js'
import { KdcError } from './errors.js'
import { afterMiss, tell } from './events.js'
import type { KdcContext } from './kdc-exchange.js'
import type { ServiceTicket } from './service-ticket.js'
import { requestTicket } from './tgs-exchange.js'
import { refreshTime, usableUntil } from './ticket-times.js'

/** After a refusal the KDC is not asked again for so long: a wrong key tried by every request would lock the account out. */
const REFUSED_FOR = 10_000

/** A refresh in the background that fails is tried again after this; milliseconds. */
const RETRY_AFTER = 30_000

/** A ticket-granting ticket this young is good: whoever blames it is asked about something else; milliseconds. */
const YOUNG = 60_000

/** Times as the KDC says them. */
export function isYoung({ startsAt }: ServiceTicket, now: number): boolean {
  return now < startsAt + YOUNG
}

/**
 * The service's ticket-granting ticket, kept good: got anew before it ends, by whoever uses it then, without making him wait. No timer
 * runs; a client that nobody uses does nothing.
 */
export class TicketGranting {
  private readonly context: KdcContext
  private readonly authority: Authority
  private current: ServiceTicket | undefined
  private flight: Promise<ServiceTicket> | undefined
  private refusal: { readonly error: KdcError; readonly until: number } | undefined
  private nextRefresh = 0
  private nextReplacement = 0
  /** What is to be replaced armors nothing: the KDC may not take it. */
  private suspect: ServiceTicket | undefined
  private offersFast = false

  constructor(context: KdcContext, authority: Authority) {
    this.context = context
    this.authority = authority
  }

  /** @throws KdcError, KdcUnreachableError, RejectedTokenError; ConfigurationError when a ticket from elsewhere has expired */
  async tgt(): Promise<ServiceTicket> {
    const { current } = this
    const now = this.context.clock.now()
    if (current === undefined || now >= usableUntil(current))
      return this.flight ?? afterMiss('miss', () => this.start())
    if (now >= refreshTime(current) && now >= this.nextRefresh && this.flight === undefined) {
      this.nextRefresh = now + RETRY_AFTER
      // In vain is no harm: the ticket at hand is still good, and somebody will come by again.
      afterMiss('refresh', () => this.start()).catch(() => {})
    }
    return current
  }

  /** A KDC said that it has expired, or that it is not its own any more. */
  discard(tgt: ServiceTicket): void {
    if (this.current === tgt) this.current = undefined
  }

  /**
   * A KDC said so of a request in which it may have meant something else: another one, if there can be one, and true then. The one at
   * hand is kept until there is, for it may be good.
   */
  async replace(tgt: ServiceTicket): Promise<boolean> {
    if (this.current !== tgt) return true
    if (this.flight === undefined) {
      const now = this.context.clock.now()
      if (isYoung(tgt, now) || now < this.nextReplacement) return false
      this.nextReplacement = now + YOUNG
      this.suspect = tgt
    }
    const other = await (this.flight ?? this.start()).catch(() => tgt)
    return other !== tgt
  }

  private start(): Promise<ServiceTicket> {
    const flight = this.obtain()
      .then((tgt) => (this.current = tgt))
      .finally(() => (this.flight = undefined))
    this.flight = flight
    return flight
  }

  private obtain(): Promise<ServiceTicket> {
    if (this.authority.kind === 'ready-ticket') return this.fromElsewhere()
    const account = formatPrincipal(this.authority.principal)
    return tell({ step: 'AS', account, target: 'krbtgt' }, () => this.signIn())
  }

  private async signIn(): Promise<ServiceTicket> {
    const { authority, context, refusal } = this
    if (authority.kind !== 'sign-in') throw new TypeError('nobody to sign in')
    if (refusal && context.clock.now() < refusal.until) throw refusal.error
    this.refusal = undefined
    try {
      const { tgt, offersFast } = await requestTgt(context, authority, { armor: this.armor() })
      this.offersFast = offersFast
      return tgt
    } catch (error) {
      // An armored request is one more thing that can go wrong: the next one goes without.
      this.offersFast = false
      if (error instanceof KdcError) this.refusal = { error, until: context.clock.now() + REFUSED_FOR }
      throw error
    }
  }

  /** The ticket that is about to end, if the KDC takes armored requests. */
  private armor(): ServiceTicket | undefined {
    const { current, context } = this
    if (current === this.suspect) return undefined
    return this.offersFast && current && current.expiresAt > context.clock.now() ? current : undefined
  }

  /** What is in the file now; renewed, where it can be. */
  private async fromElsewhere(): Promise<ServiceTicket> {
    const { authority, context, current } = this
    if (authority.kind === 'sign-in') throw new TypeError('the ticket is one of our own')
    const now = context.clock.now()
    const given = authority.tgt()
    const best = current && current.expiresAt > given.expiresAt ? current : given
    if (now < refreshTime(best)) return best
    if (isRenewable(best, now)) {
      const renewed = await renew(context, best).catch(() => undefined)
      if (renewed) return renewed
    }
    if (now < best.expiresAt) return best
    throw new ConfigurationError(`the ticket-granting ticket of ${formatPrincipal(best.client)} has expired`, {
      code: 'KRB_AP_ERR_TKT_EXPIRED',
      hint: `Run kinit ${formatPrincipal(best.client)}, or sign in with a keytab, which needs no renewing.`,
    })
  }
}

function isRenewable({ flags, renewableUntil, expiresAt }: ServiceTicket, now: number): boolean {
  return hasFlag(flags, TicketFlag.RENEWABLE) && (renewableUntil ?? 0) > expiresAt && now < expiresAt
}

/** Source: RFC 4120 section 3.3.3, "RENEW". */
async function renew(context: KdcContext, tgt: ServiceTicket): Promise<ServiceTicket | undefined> {
  const outcome = await requestTicket(context, {
    tgt,
    sname: tgt.service.name,
    options: [KdcOption.RENEW],
    expectedClient: tgt.client,
  })
  return 'ticket' in outcome ? outcome.ticket : undefined
}
