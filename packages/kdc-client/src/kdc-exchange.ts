import {
  decode,
  type Journal,
  type Key,
  KrbError,
  MalformedTokenError,
  type Principal,
  type RandomSource,
} from '@s4u/krb5'
import type { QueuePlace } from './fair-queue.js'
import type { TicketArmor } from './fast/ticket-armor.js'
import { type HeardError, KRB_ERROR_TAG } from './krb-error.js'
import { traceReply, traceRequest } from './trace-lines.js'
import type { KdcTransport } from './transport.js'

/** Everything an exchange needs from outside: network, clock, randomness, and what we are willing to use. */
export interface KdcContext {
  readonly transport: KdcTransport
  readonly clock: KdcClock
  readonly random: RandomSource
  /** Encryption types offered, best first. */
  readonly etypes: readonly number[]
  /** Those offered at sign-in, where they are others. */
  readonly signInEtypes?: readonly number[]
  /** Whether a ticket-granting ticket is asked for that can be forwarded. Default: yes; without it there is no delegation. */
  readonly forwardable?: boolean
  /** What clocks may differ by, milliseconds. Default: five minutes. */
  readonly clockSkew?: number
  /** Whether to ask for a PAC at sign-in; without one there is no delegation. Default: yes. */
  readonly pac?: boolean
  /** Whether the KDC may answer a sign-in in its own spelling of the name. Default: for enterprise names only. */
  readonly canonicalize?: boolean
  /**
   * Whether the KDCs of a realm may be asked to which an unsealed answer sends a sign-in. Default:
   * none is.
   */
  readonly mayFollow?: MayFollow
  /** For hints: a realm as krb5.conf spells it, where that is in other letter case alone. */
  readonly otherSpelling?: (realm: string) => string | undefined
  /** How requests for tickets are armored. Default: not at all, where nothing asks for it. */
  readonly ticketArmor?: TicketArmor
  /** Aborts when nobody waits for the exchange any more. */
  readonly signal?: AbortSignal
  /** Where lines about it go. Default: that of the process. */
  readonly journal?: Journal
  /** Whose exchange it is, where it has to wait for its turn. */
  readonly place?: QueuePlace
}

/** Whether somebody who may say so leads to a realm: a configuration, or a trust. */
export type MayFollow = (realm: string, options: { readonly signal?: AbortSignal }) => boolean | Promise<boolean>

/** The KDC's clock: ours plus an offset that a KDC vouched for. */
export class KdcClock {
  private readonly local: () => number
  private offset: number

  constructor(local: () => number, offset = 0) {
    this.local = local
    this.offset = offset
  }

  /** Milliseconds since the epoch, as the KDC would say. */
  now(): number {
    return this.local() + this.offset
  }

  /**
   * The clock as a KRB_AP_ERR_SKEW would have it, for one more try. Anybody can forge that error, so it must not move the clock by
   * itself: that is for `adopt`, when the try has led to a reply that only the KDC can have made. Source: RFC 4120 section 3.1.6.
   */
  supposing(serverTime: number): KdcClock {
    return new KdcClock(this.local, serverTime - this.local())
  }

  adopt(tried: KdcClock): void {
    this.offset = tried.offset
  }

  /** Takes the time out of a sealed reply, unless it agrees well enough: a reply may have been under way for seconds. */
  confirm(serverTime: number): void {
    if (Math.abs(serverTime - this.now()) > TOLERATED) this.offset = serverTime - this.local()
  }
}

/** Far below what KDCs tolerate (five minutes), far above what an exchange takes. */
const TOLERATED = 30_000

/** One request and its answer: the reply, or the KDC's refusal. Both are still unproven. */
export type KdcAnswerBytes = HeardReply | { readonly error: HeardError }

export interface HeardReply {
  readonly reply: Uint8Array
  /** It came in a datagram: when it does not open, the KDC has not been asked yet. */
  readonly byDatagram: boolean
}

/** A sign-in is refused once before it succeeds, mostly, and much follows from an error there. */
const AS_REP_TAG = 0x6b

/** @throws KdcUnreachableError, MalformedTokenError, and whatever the signal aborts with */
export async function exchangeWithKdc(
  context: Pick<KdcContext, 'transport' | 'signal' | 'place'>,
  realm: string,
  request: Uint8Array,
  replyTag: number,
  prefersTcp = replyTag === AS_REP_TAG,
): Promise<KdcAnswerBytes> {
  const { transport, signal, place } = context
  signal?.throwIfAborted()
  const heard = { byDatagram: false }
  traceRequest(realm, request)
  const answer = await transport(request, {
    realm,
    prefersTcp,
    onDatagram: () => (heard.byDatagram = true),
    ...(signal && { signal }),
    ...(place && { place }),
  })
  traceReply(realm, answer)
  if (answer[0] === KRB_ERROR_TAG)
    return { error: { ...decode(KrbError, answer), ...(heard.byDatagram && { unconfirmed: true }) } }
  if (answer[0] === replyTag) return { reply: answer, ...heard }
  // Anybody can write a datagram.
  if (heard.byDatagram && !prefersTcp) return exchangeWithKdc(context, realm, request, replyTag, true)
  const found = answer.length === 0 ? 'an empty answer' : `an answer that begins with 0x${answer[0].toString(16)}`
  throw new MalformedTokenError({ path: 'KDC answer', expected: 'the reply to the request, or KRB-ERROR', found })
}

/** A nonce of 31 bits: some KDCs read it as a signed number. */
export function newNonce(random: RandomSource): number {
  const [a, b, c, d] = random(4)
  return ((a & 0x7f) << 24) | (b << 16) | (c << 8) | d
}

/** The moment of an authenticator or pre-authentication: whole seconds in milliseconds, and microseconds. */
export function kerberosMoment(milliseconds: number): { readonly time: number; readonly usec: number } {
  const time = Math.floor(milliseconds / 1000) * 1000
  return { time, usec: Math.floor((milliseconds - time) * 1000) }
}

/** The service that grants tickets of a realm. */
export function ticketGrantingService(realm: string, of: string = realm): Principal {
  return { name: { nameType: 2, nameString: ['krbtgt', of] }, realm }
}

/** Whether the answer is sealed with an encryption type that we offered: a downgrade otherwise. */
export function wasOffered({ etypes }: KdcContext, key: Key): boolean {
  return etypes.includes(key.etype)
}
