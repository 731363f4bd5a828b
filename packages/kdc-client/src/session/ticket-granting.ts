import { ConfigurationError, formatPrincipal, type Key } from '@s4u/krb5'
import { requestTgt } from '../as-exchange/as-exchange.js'
import type { Authority } from '../credentials/credentials.js'
import { KdcError } from '../errors/kdc-errors.js'
import { type CacheMiss, tell } from '../events/events.js'
import { FastRealms } from '../fast/fast-realms.js'
import { ownArmor } from '../fast/own-armor.js'
import type { SignInArmor } from '../fast/sign-in-armor.js'
import { Flight } from '../async/single-flight.js'
import type { KdcContext } from '../exchange/kdc-context.js'
import { isForwardable, type ServiceTicket } from '../tickets/service-ticket.js'
import { isRenewable, renew } from '../tgs-exchange/ticket-renewal.js'
import { refreshTime, usableUntil } from '../tickets/ticket-times.js'

/** After a refusal that no key mends, such as that of a disabled account, the KDC is not asked again for so long; milliseconds. */
const REFUSED_FOR = 10_000

/**
 * How long a wrong key is not tried again, after the first time, the second and all others; milliseconds. Directories lock an account out
 * after five or ten wrong ones, and begin to count anew when none has come for a while, commonly up to half an hour.
 */
const WRONG_KEY_FOR = [60_000, 300_000, 1_860_000]

/**
 * The same for a key that has worked: nobody signs the error that calls it wrong, so whoever forges it gains no more than this; milliseconds.
 * If it is wrong indeed, it is one that the directory knew a while ago, and they do not count those.
 */
const DOUBTED_KEY_FOR = 60_000

/**
 * How long a ticket-granting ticket is good that is less than what was wanted because of an error that nobody signs, as one that cannot
 * be forwarded. Then it is asked again; milliseconds.
 */
const REDUCED_FOR = 60_000

/** How often it is looked meanwhile whether there is another key, which is tried at once; milliseconds. */
const LOOK_EVERY = 10_000

/** A refresh in the background that fails is tried again after this; milliseconds. */
const RETRY_AFTER = 30_000

/** A ticket-granting ticket this young is good: whoever blames it is asked about something else; milliseconds. */
const YOUNG = 60_000

/** Times as the KDC says them. */
export function isYoung({ startsAt }: ServiceTicket, now: number): boolean {
  return now < startsAt + YOUNG
}

interface Refusal {
  readonly error: KdcError
  readonly until: number
  nextLook: number
}

export interface TicketGrantingOptions {
  /** Called when the ticket-granting ticket is again all that was wanted: tickets got by a reduced one are less. */
  readonly onRestored?: () => void
  /** What armors its sign-ins. Default: the ticket-granting ticket at hand, from the second sign-in on. */
  readonly armor?: SignInArmor | 'own' | 'off'
}

/**
 * The service's ticket-granting ticket, kept good: got anew before it ends, by whoever uses it then, without making him wait. No timer
 * runs; a client that nobody uses does nothing.
 */
export class TicketGranting {
  /** What its sign-ins have shown of FAST. */
  readonly fast: FastRealms = new FastRealms()
  private readonly context: KdcContext
  private readonly authority: Authority
  private readonly onRestored: () => void
  private readonly armor: SignInArmor | undefined
  private current: ServiceTicket | undefined
  private flight: Flight<ServiceTicket> | undefined
  private refusal: Refusal | undefined
  private wrongKeys = 0
  /** The key that signed in last. */
  private worked: Key | undefined
  /** Until then the current one is as good as it is; it could be more. */
  private reducedUntil: number | undefined
  private nextRefresh = 0
  private nextReplacement = 0
  /** What is to be replaced armors nothing: the KDC may not take it. */
  private suspect: ServiceTicket | undefined
  /** The last sign-in has failed. */
  private isWary = false

  constructor(context: KdcContext, authority: Authority, options: TicketGrantingOptions = {}) {
    const { onRestored = () => {}, armor = 'own' } = options
    this.context = context
    this.authority = authority
    this.onRestored = onRestored
    this.armor = armor === 'own' ? this.ownArmor() : armor === 'off' ? undefined : armor
  }

  /** Whether tickets got now may be less than what the directory grants. */
  get isReduced(): boolean {
    return this.reducedUntil !== undefined
  }

  /** @throws KdcError, KdcUnreachableError, RejectedTokenError; ConfigurationError when a ticket from elsewhere has expired */
  async tgt(signal?: AbortSignal): Promise<ServiceTicket> {
    const { current } = this
    const now = this.context.clock.now()
    if (current === undefined || now >= usableUntil(current)) return (this.underWay ?? this.start('miss')).wait(signal)
    const isDue = now >= refreshTime(current) || now >= (this.reducedUntil ?? Infinity)
    if (isDue && now >= this.nextRefresh && this.underWay === undefined) {
      this.nextRefresh = now + RETRY_AFTER
      // In vain is no harm: the ticket at hand is still good, and somebody will come by again.
      this.start('refresh')
        .wait()
        .catch(() => {})
    }
    return current
  }

  /**
   * A KDC said that it has expired, or that it is not its own any more. Nobody signs that, so the one at hand is kept until there is
   * another. @throws as `tgt`
   */
  async renew(tgt: ServiceTicket, signal?: AbortSignal): Promise<void> {
    if (this.current !== tgt) return
    if (this.underWay === undefined) this.suspect = tgt
    await (this.underWay ?? this.start('miss')).wait(signal)
  }

  /**
   * A KDC said so of a request in which it may have meant something else: another one, if there can be one, and true then. The one at
   * hand is kept until there is, for it may be good.
   */
  async replace(tgt: ServiceTicket, signal?: AbortSignal): Promise<boolean> {
    if (this.current !== tgt) return true
    const { underWay } = this
    if (underWay === undefined) {
      const now = this.context.clock.now()
      if (isYoung(tgt, now) || now < this.nextReplacement) return false
      this.nextReplacement = now + YOUNG
      this.suspect = tgt
    }
    const other = await (underWay ?? this.start('miss')).wait(signal).catch(() => tgt)
    return other !== tgt
  }

  private get underWay(): Flight<ServiceTicket> | undefined {
    return this.flight?.isAborted ? undefined : this.flight
  }

  private start(cache: CacheMiss): Flight<ServiceTicket> {
    const flight = new Flight<ServiceTicket>((signal, keep) =>
      this.obtain({ ...this.context, signal }, keep, cache)
        .then((tgt) => this.adopt(tgt))
        .finally(() => {
          if (this.flight === flight) this.flight = undefined
        }),
    )
    this.flight = flight
    return flight
  }

  /** What was got with one that could not be forwarded cannot be either. */
  private adopt(tgt: ServiceTicket): ServiceTicket {
    const { current } = this
    this.current = tgt
    if (current && !isForwardable(current) && isForwardable(tgt)) this.onRestored()
    return tgt
  }

  private obtain(context: KdcContext, keep: () => void, cache: CacheMiss): Promise<ServiceTicket> {
    if (this.authority.kind === 'ready-ticket') return this.fromElsewhere(context)
    const account = formatPrincipal(this.authority.principal)
    return tell({ step: 'AS', account, target: 'krbtgt', cache }, () => this.signIn(context, keep), context.journal)
  }

  private async signIn(context: KdcContext, keep: () => void): Promise<ServiceTicket> {
    const { authority, refusal } = this
    if (authority.kind !== 'sign-in') throw new TypeError('nobody to sign in')
    if (refusal && context.clock.now() < refusal.until && !(await this.hasOtherKeys(refusal))) throw refusal.error
    this.refusal = undefined
    const tried: Key[] = []
    try {
      const { tgt, isReduced } = await requestTgt(forSignIn(context), authority, {
        ...(this.armor && { armor: this.armor }),
        again: this.wrongKeys > 0,
        onProof: (key) => {
          tried.push(key)
          // A wrong key must be known for one, or whoever comes next tries it again: the answer is waited for, even if nobody else does.
          keep()
        },
      })
      this.isWary = false
      this.wrongKeys = 0
      this.worked = tried.at(-1) ?? this.worked
      this.noteReduced(isReduced)
      return tgt
    } catch (error) {
      this.isWary = true
      if (error instanceof KdcError) this.remember(error, tried)
      throw error
    }
  }

  /** @param tried the keys that were shown: before one was, nothing can be said of any */
  private remember(error: KdcError, tried: readonly Key[]): void {
    const isWrongKey = error.code === WRONG_KEY && tried.length > 0
    if (error.answer.unconfirmed && !isWrongKey) return
    const hasWorked = tried.some((key) => this.worked?.equals(key))
    const wrongKeyFor = WRONG_KEY_FOR[Math.min(this.wrongKeys, WRONG_KEY_FOR.length - 1)]
    if (isWrongKey) this.wrongKeys++
    const wait = isWrongKey ? (hasWorked ? DOUBTED_KEY_FOR : wrongKeyFor) : REFUSED_FOR
    this.refusal = { error, until: this.context.clock.now() + wait, nextLook: 0 }
  }

  private noteReduced(isReduced: boolean): void {
    const wasReduced = this.reducedUntil !== undefined
    this.reducedUntil = isReduced ? this.context.clock.now() + REDUCED_FOR : undefined
    if (wasReduced && !isReduced) this.onRestored()
  }

  private async hasOtherKeys(refusal: Refusal): Promise<boolean> {
    const { authority, context } = this
    if (authority.kind !== 'sign-in' || refusal.error.code !== WRONG_KEY) return false
    const now = context.clock.now()
    if (now < refusal.nextLook) return false
    refusal.nextLook = now + LOOK_EVERY
    const isOther = (await authority.reread?.()) ?? false
    if (isOther) this.wrongKeys = 0
    return isOther
  }

  private ownArmor(): SignInArmor {
    const { authority } = this
    const isGuessable = authority.kind === 'sign-in' && authority.isGuessable === true
    return ownArmor(this.fast, isGuessable, () => {
      const { current, suspect, isWary, context } = this
      return { current, suspect, isWary, now: context.clock.now() }
    })
  }

  /** What is in the file now; renewed, where it can be. */
  private async fromElsewhere(context: KdcContext): Promise<ServiceTicket> {
    const { authority, current } = this
    if (authority.kind === 'sign-in') throw new TypeError('the ticket is one of our own')
    const now = context.clock.now()
    const given = await authority.tgt()
    const best = current && current !== this.suspect && current.expiresAt > given.expiresAt ? current : given
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

/** With the encryption types that are offered there; the clock is the same one. */
function forSignIn(context: KdcContext): KdcContext {
  return context.signInEtypes === undefined ? context : { ...context, etypes: context.signInEtypes }
}

const WRONG_KEY = 'KDC_ERR_PREAUTH_FAILED'
