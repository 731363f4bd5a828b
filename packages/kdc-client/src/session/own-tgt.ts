import { SingleFlight } from '../async/single-flight.js'
import type { Authority } from '../credentials/authority.js'
import type { CacheMiss } from '../events/events.js'
import type { KdcContext } from '../exchange/kdc-context.js'
import { FastRealms } from '../fast/fast-realms.js'
import type { SignInArmor } from '../fast/sign-in-armor.js'
import type { Tgt } from '../tickets/granting-ticket.js'
import { isForwardable } from '../tickets/service-ticket.js'
import { refreshTime, usableUntil } from '../tickets/ticket-times.js'
import { GivenTgt } from './given-tgt.js'
import { SignedInTgt } from './signed-in-tgt.js'
import type { HeldTgt, ObtainedTgt, TgtSource } from './tgt-source.js'

/**
 * How long a reduced ticket-granting ticket is kept, such as one that cannot be forwarded, before
 * the KDC is asked again; milliseconds. It is reduced because of an error that nothing
 * authenticates.
 */
const REDUCED_FOR = 60_000

/** The pause after a refresh in the background has failed; milliseconds. */
const RETRY_AFTER = 30_000

/**
 * A ticket-granting ticket younger than this is taken to be good, so that an error counts against
 * the evidence beside it; milliseconds.
 */
const YOUNG = 60_000

/** @param now the KDC's time, milliseconds since the epoch */
export function isYoung({ startsAt }: Tgt, now: number): boolean {
  return now < startsAt + YOUNG
}

export interface OwnTgtOptions {
  /**
   * Called when a reduced ticket-granting ticket was replaced by a full one. Tickets that were
   * requested with the reduced one are reduced as well.
   */
  readonly onRestored?: () => void
  /**
   * What armors its sign-ins. Default: its own ticket-granting ticket, from the second sign-in on.
   */
  readonly armor?: SignInArmor | 'own' | 'off'
}

/**
 * The service's ticket-granting ticket. The first caller in the last fifth of its lifetime starts a
 * refresh in the background, and does not wait for it. There are no timers, so an idle client does
 * nothing.
 */
export class OwnTgt {
  /** Remembers which realms offer FAST. */
  readonly fast: FastRealms = new FastRealms()
  readonly #context: KdcContext
  readonly #source: TgtSource
  readonly #onRestored: () => void
  #current: Tgt | undefined
  #flight: SingleFlight<Tgt> | undefined
  /** The current ticket is reduced, and is replaced from then on; the KDC's time. */
  #reducedUntil: number | undefined
  #nextRefresh = 0
  #nextReplacement = 0
  /** The ticket under suspicion. It is not used for FAST armor, since the KDC may refuse it. */
  #suspect: Tgt | undefined

  constructor(context: KdcContext, authority: Authority, options: OwnTgtOptions = {}) {
    const { onRestored = () => {}, armor = 'own' } = options
    this.#context = context
    this.#onRestored = onRestored
    const held = (): HeldTgt => ({ current: this.#current, suspect: this.#suspect })
    const now = (): number => context.clock.now()
    this.#source =
      authority.kind === 'sign-in'
        ? new SignedInTgt({ signIn: authority, now, fast: this.fast, armor, held })
        : new GivenTgt(authority, held)
  }

  /** Tickets that are requested now may be less than what the directory grants. */
  get isReduced(): boolean {
    return this.#reducedUntil !== undefined
  }

  /**
   * Returns a ticket that is good for a while, and gets one if it must.
   *
   * @throws KdcError, KdcUnreachableError, RejectedTokenError; ConfigurationError when the ticket
   * of a credential cache has expired
   */
  async get(signal?: AbortSignal): Promise<Tgt> {
    const current = this.#current
    const now = this.#context.clock.now()
    if (current === undefined || now >= usableUntil(current))
      return (this.#underWay ?? this.#start('miss')).wait(signal)
    const isDue = now >= refreshTime(current) || now >= (this.#reducedUntil ?? Infinity)
    if (isDue && now >= this.#nextRefresh && this.#underWay === undefined) {
      this.#nextRefresh = now + RETRY_AFTER
      // A failure is harmless: the current ticket is still good, and a later call tries again.
      this.#start('refresh')
        .wait()
        .catch(() => {})
    }
    return current
  }

  /**
   * Gets another ticket after a KDC refused this one as expired or unknown. Nothing authenticates
   * that error, so the current ticket is kept until there is another one.
   *
   * @throws as `get`
   */
  async requireAnother(tgt: Tgt, signal?: AbortSignal): Promise<void> {
    if (this.#current !== tgt) return
    if (this.#underWay === undefined) this.#suspect = tgt
    await (this.#underWay ?? this.#start('miss')).wait(signal)
  }

  /**
   * Tries to get another ticket, and resolves to whether there is one. For a refused request that
   * also carried evidence: the evidence may be at fault, and the ticket may be good. So the ticket
   * is kept until a new one is there, and a new one is requested at most once a minute.
   */
  async tryForAnother(tgt: Tgt, signal?: AbortSignal): Promise<boolean> {
    if (this.#current !== tgt) return true
    const underWay = this.#underWay
    if (underWay === undefined) {
      const now = this.#context.clock.now()
      if (isYoung(tgt, now) || now < this.#nextReplacement) return false
      this.#nextReplacement = now + YOUNG
      this.#suspect = tgt
    }
    const other = await (underWay ?? this.#start('miss')).wait(signal).catch(() => tgt)
    return other !== tgt
  }

  get #underWay(): SingleFlight<Tgt> | undefined {
    return this.#flight?.isAborted ? undefined : this.#flight
  }

  #start(cache: CacheMiss): SingleFlight<Tgt> {
    const flight = new SingleFlight<Tgt>((signal, keep) =>
      this.#source
        .obtain({ ...this.#context, signal }, keep, cache)
        .then((obtained) => this.#adopt(obtained))
        .finally(() => {
          if (this.#flight === flight) this.#flight = undefined
        }),
    )
    this.#flight = flight
    return flight
  }

  /**
   * Tickets that were requested with a ticket that is not forwardable are not forwardable either.
   */
  #adopt({ tgt, isReduced }: ObtainedTgt): Tgt {
    const current = this.#current
    const reducedUntil = this.#reducedUntil
    this.#current = tgt
    this.#reducedUntil = isReduced ? this.#context.clock.now() + REDUCED_FOR : undefined
    const isWhole = reducedUntil !== undefined && !isReduced
    if (isWhole || (current && !isForwardable(current) && isForwardable(tgt))) this.#onRestored()
    return tgt
  }
}
