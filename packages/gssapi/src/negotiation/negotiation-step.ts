/**
 * What a negotiation goes through on the acceptor's side. Each step is a value of its own, so no
 * state can be used twice.
 */

import type { ApReq, Key, OpenedApReq, RandomSource } from '@s4u/krb5'
import type { ForeignMechanism } from './foreign-mechanism.js'
import type { SecurityContext } from '../per-message/security-context.js'

export interface NegotiationOptions {
  /** Randomness for the messages of the context. */
  readonly random?: RandomSource
}

export type NegotiationStep = ApReqStep | ContinueStep | UnsupportedStep

/** An AP-REQ is in hand. Judge it, then call exactly one of `accept` and `reject`. */
export interface ApReqStep {
  readonly status: 'ap-req'
  /** The reply comes in the same framing. */
  readonly framing: 'spnego' | 'krb5'
  /** The object identifier under which Kerberos was chosen. */
  readonly mechanism: string
  readonly apReq: ApReq
  readonly apReqBytes: Uint8Array
  /**
   * @throws RejectedTokenError when the initiator's mechListMIC is wrong: somebody changed its list
   */
  accept(accepted: AcceptedApReq): NegotiationReply
  /**
   * The token that says no, around an encoded KRB-ERROR if there is one. Raw Kerberos without a
   * KRB-ERROR says nothing.
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

/** No Kerberos in it. */
export interface UnsupportedStep {
  readonly status: 'unsupported'
  readonly mechanism: ForeignMechanism
  /** Object identifiers, as far as the token names any. */
  readonly offered: readonly string[]
  readonly reply?: Uint8Array
}

/**
 * What judging an AP-REQ came to; `{ opened, ...sealApRep({ opened }) }` when mutual authentication
 * was asked for.
 */
export interface AcceptedApReq {
  readonly opened: OpenedApReq
  /** The encoded AP-REP, when the initiator asked for mutual authentication. */
  readonly apRep?: Uint8Array
  /** The acceptor's subkey, else the initiator's, else the session key. */
  readonly contextKey: Key
  /** Whether `contextKey` is the subkey in `apRep`. */
  readonly acceptorSubkey?: boolean
  /** The number in `apRep`. Without an AP-REP both sides count from the initiator's number. */
  readonly sequenceNumber?: number
  /** The flags of the authenticator's checksum, read from it by default. */
  readonly flags?: number
}

export type NegotiationReply = CompletedNegotiation | MicAwaited

export interface CompletedNegotiation {
  readonly status: 'complete'
  readonly reply?: Uint8Array
  readonly context: SecurityContext
}

/**
 * The caller is known, but its list of mechanisms is not confirmed: it is not authenticated before
 * `next` has returned.
 */
export interface MicAwaited {
  readonly status: 'continue'
  readonly reply: Uint8Array
  /** @throws MalformedTokenError, RejectedTokenError */
  next(token: Uint8Array): CompletedNegotiation
}
