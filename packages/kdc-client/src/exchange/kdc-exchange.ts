import { decode, type Key, KrbError, MalformedTokenError, type RandomSource } from '@s4u/krb5'
import { type HeardError, KRB_ERROR_TAG } from '../errors/krb-error.js'
import { traceReply, traceRequest } from '../events/trace-lines.js'
import type { KdcContext } from './kdc-context.js'

/** The answer to one request: a reply, or an error. Neither has been verified. */
export type KdcAnswerBytes = HeardReply | { readonly error: HeardError }

export interface HeardReply {
  readonly reply: Uint8Array
  /**
   * The reply came in a datagram. If it does not decrypt, anybody may have sent it, so the KDC is
   * asked again.
   */
  readonly byDatagram: boolean
}

/** A sign-in is usually refused once before it succeeds, and that error decides what comes next. */
const AS_REP_TAG = 0x6b

/**
 * Sends one request to a KDC of a realm, and returns the reply or the error.
 *
 * @throws KdcUnreachableError, MalformedTokenError, and what the signal aborts with
 */
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
  // Anybody can send a datagram, so the KDC is asked again by TCP.
  if (heard.byDatagram && !prefersTcp) return exchangeWithKdc(context, realm, request, replyTag, true)
  const found = answer.length === 0 ? 'an empty answer' : `an answer that begins with 0x${answer[0].toString(16)}`
  throw new MalformedTokenError({ path: 'KDC answer', expected: 'the reply to the request, or KRB-ERROR', found })
}

/** Returns a nonce of 31 bits: some KDCs read it as a signed number. */
export function newNonce(random: RandomSource): number {
  const [a, b, c, d] = random(4)
  return ((a & 0x7f) << 24) | (b << 16) | (c << 8) | d
}

/**
 * Returns the time of an authenticator or of pre-authentication: whole seconds (in milliseconds),
 * and the rest in microseconds.
 */
export function kerberosMoment(milliseconds: number): { readonly time: number; readonly usec: number } {
  const time = Math.floor(milliseconds / 1000) * 1000
  return { time, usec: Math.floor((milliseconds - time) * 1000) }
}

/**
 * Returns whether a key has an encryption type that the request offered. Another one would be a
 * downgrade.
 */
export function wasOffered({ etypes }: KdcContext, key: Key): boolean {
  return etypes.includes(key.etype)
}
