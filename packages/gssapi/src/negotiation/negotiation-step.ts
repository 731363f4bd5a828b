/**
 * The steps of a negotiation on the acceptor's side. Each step is a value of its own, so no state
 * can be used twice.
 */

import type { ApReq, Key, OpenedApReq, RandomSource } from '@s4u/krb5'
import type { ForeignMechanism } from './foreign-mechanism.js'
import type { SecurityContext } from '../per-message/security-context.js'

/** Options of `beginNegotiation`. */
export interface NegotiationOptions {
  /** Makes random octets for the messages of the context. Default: those of the platform. */
  readonly random?: RandomSource
}

/**
 * Where a negotiation stands: there is an AP-REQ to check, another leg is needed, or the token has
 * no Kerberos in it.
 */
export type NegotiationStep = ApReqStep | ContinueStep | UnsupportedStep

/** There is an AP-REQ. Check it, then call either `accept` or `reject`, once. */
export interface ApReqStep {
  readonly status: 'ap-req'
  /** The framing of the token, and of the reply. */
  readonly framing: 'spnego' | 'krb5'
  /** The object identifier under which Kerberos was chosen. */
  readonly mechanism: string
  readonly apReq: ApReq
  readonly apReqBytes: Uint8Array
  /**
   * Accepts the caller and makes the reply.
   * @throws RejectedTokenError if the initiator's mechListMIC is wrong: somebody has changed its
   * list
   */
  accept(accepted: AcceptedApReq): NegotiationReply
  /**
   * Returns the token of a refusal, with an encoded KRB-ERROR if there is one. Kerberos without
   * SPNEGO has no refusal without a KRB-ERROR.
   */
  reject(error?: Uint8Array): Uint8Array | undefined
}

/** Another leg is needed before there is an AP-REQ. */
export interface ContinueStep {
  readonly status: 'continue'
  readonly reply: Uint8Array
  /** @throws MalformedTokenError, RejectedTokenError */
  next(token: Uint8Array): NegotiationStep
}

/** The token has no Kerberos in it. */
export interface UnsupportedStep {
  readonly status: 'unsupported'
  readonly mechanism: ForeignMechanism
  /** The object identifiers that the token names. */
  readonly offered: readonly string[]
  readonly reply?: Uint8Array
}

/**
 * The result of checking an AP-REQ; `{ opened, ...sealApRep({ opened }) }` if the initiator asked
 * for mutual authentication.
 */
export interface AcceptedApReq {
  readonly opened: OpenedApReq
  /** The encoded AP-REP, if the initiator asked for mutual authentication. */
  readonly apRep?: Uint8Array
  /** The acceptor's subkey, else the initiator's, else the session key. */
  readonly contextKey: Key
  /** Whether `contextKey` is the subkey in `apRep`. */
  readonly acceptorSubkey?: boolean
  /**
   * The sequence number in `apRep`. Without an AP-REP both sides count from the initiator's number.
   */
  readonly sequenceNumber?: number
  /** The flags of the context. Default: those of the authenticator's checksum. */
  readonly flags?: number
}

/**
 * What `accept` returns: the context, or one more leg, in which the caller confirms its list of
 * mechanisms.
 */
export type NegotiationReply = CompletedNegotiation | MicAwaited

/** The negotiation is over: send `reply`, if there is one, and use `context`. */
export interface CompletedNegotiation {
  readonly status: 'complete'
  readonly reply?: Uint8Array
  readonly context: SecurityContext
}

/**
 * The caller is known, but its list of mechanisms is not confirmed: the caller is authenticated
 * when `next` has returned.
 */
export interface MicAwaited {
  readonly status: 'continue'
  readonly reply: Uint8Array
  /** @throws MalformedTokenError, RejectedTokenError */
  next(token: Uint8Array): CompletedNegotiation
}
