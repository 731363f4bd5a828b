import { decode, type Key, KrbError, MalformedTokenError, type RandomSource } from '@s4u/krb5'
import { type HeardError, KRB_ERROR_TAG } from '../errors/krb-error.js'
import { traceReply, traceRequest } from '../events/trace-lines.js'
import type { KdcContext } from './kdc-context.js'

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

/**
 * The moment of an authenticator or pre-authentication: whole seconds in milliseconds, and
 * microseconds.
 */
export function kerberosMoment(milliseconds: number): { readonly time: number; readonly usec: number } {
  const time = Math.floor(milliseconds / 1000) * 1000
  return { time, usec: Math.floor((milliseconds - time) * 1000) }
}

/** Whether the answer is sealed with an encryption type that we offered: a downgrade otherwise. */
export function wasOffered({ etypes }: KdcContext, key: Key): boolean {
  return etypes.includes(key.etype)
}
