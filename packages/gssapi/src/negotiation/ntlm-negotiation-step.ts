/**
 * The steps of a negotiation that ends with NTLM, on the acceptor's side. Each step is a value of
 * its own, and serves once. None of them knows NTLM: messages go to an acceptor of it, and come
 * from there.
 */

/** Where a negotiation begins: with the first message of NTLM, or by asking for it. */
export type NtlmNegotiation = NtlmBegunStep | NtlmAskedStep

/** The initiator put another mechanism first, or sent no token: it is asked for one of NTLM. */
export interface NtlmAskedStep {
  readonly status: 'asked'
  readonly reply: Uint8Array
  /** @throws MalformedTokenError, RejectedTokenError */
  next(token: Uint8Array): NtlmBegunStep
}

/** There is a NEGOTIATE_MESSAGE: answer it with a CHALLENGE_MESSAGE. */
export interface NtlmBegunStep {
  readonly status: 'begun'
  readonly message: Uint8Array
  /** @throws MalformedTokenError where the list was confirmed before there was a key */
  challenge(message: Uint8Array): NtlmChallengedStep
}

/** Send `reply`; the next token has the answer to the challenge. */
export interface NtlmChallengedStep {
  readonly status: 'challenged'
  readonly reply: Uint8Array
  /** @throws MalformedTokenError, RejectedTokenError */
  next(token: Uint8Array): NtlmAnsweredStep
}

/** There is an AUTHENTICATE_MESSAGE. Judge it, then call `accept`. */
export interface NtlmAnsweredStep {
  readonly status: 'answered'
  readonly message: Uint8Array
  /** @throws RejectedTokenError GSS_S_BAD_SIG where somebody has changed the list of mechanisms */
  accept(signer: MechListSigner): NtlmReply
}

/** What `accept` returns: the end, or one more leg, in which the caller confirms its list. */
export type NtlmReply = { readonly status: 'complete'; readonly reply?: Uint8Array } | NtlmConfirmStep

/** Send `reply`. The caller is authenticated when `next` has returned. */
export interface NtlmConfirmStep {
  readonly status: 'confirm'
  readonly reply: Uint8Array
  /** @throws MalformedTokenError, RejectedTokenError */
  next(token: Uint8Array): void
}

/**
 * Signs lists of mechanisms with the keys of a handshake (mechListMIC). MS-SPNG section 3.3.5.1.
 */
export interface MechListSigner {
  /**
   * Whether the initiator must confirm its list although NTLM was its first choice: its messages
   * have a MIC, so it can.
   */
  readonly mustConfirm: boolean
  /** Returns our MIC of a list. @param list in DER, as the initiator sent it */
  sign(list: Uint8Array): Uint8Array
  /** Returns whether a MIC is that of the initiator. */
  verify(list: Uint8Array, mic: Uint8Array): boolean
}
