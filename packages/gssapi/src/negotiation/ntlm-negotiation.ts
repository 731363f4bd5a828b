/** The acceptor's side of a negotiation that ends with NTLM: takes tokens, returns steps. */

import { MalformedTokenError } from '@s4u/krb5'
import { isFramedAs, unframe } from '../framing/token-framing.js'
import { isKerberos, Mechanism } from '../framing/oids.js'
import { answerOnce } from './answer-once.js'
import { signatureOf } from './foreign-mechanism.js'
import { listNotConfirmed, malformed, readLaterLeg, unlessEmpty } from './later-leg.js'
import type {
  MechListSigner,
  NtlmAnsweredStep,
  NtlmAskedStep,
  NtlmBegunStep,
  NtlmChallengedStep,
  NtlmConfirmStep,
  NtlmNegotiation,
  NtlmReply,
} from './ntlm-negotiation-step.js'
import { decodeNegTokenInit, encodeNegTokenResp, type MechTypeList, type NegTokenInit } from './spnego.js'

/**
 * Takes the first token of an initiator, and returns the first step where it can end with NTLM
 * alone: a message of NTLM without SPNEGO, or a list of mechanisms with NTLM and without Kerberos.
 * Returns undefined for each other token, also for one that cannot be read: that is for
 * `beginNegotiation`. Kerberos comes before NTLM, wherever the list has it.
 *
 * Source: RFC 4178 section 3.2 and section 5, MS-SPNG section 3.3.5.
 *
 * @example
 * ```ts
 * import { findNtlmNegotiation } from '@s4u/gssapi'
 *
 * export function isNtlm(token: Uint8Array): boolean {
 *   return findNtlmNegotiation(token) !== undefined
 * }
 * ```
 */
export function findNtlmNegotiation(token: Uint8Array): NtlmNegotiation | undefined {
  if (signatureOf(token) === 'ntlm') return begun(BARE, token)
  const init = initOf(token)
  if (init === undefined) return undefined
  const { mechanisms } = init.mechTypes
  const place = mechanisms.indexOf(Mechanism.NTLM)
  if (place < 0 || mechanisms.some(isKerberos)) return undefined
  return beginSpnego(init, place)
}

function initOf(token: Uint8Array): NegTokenInit | undefined {
  if (!isFramedAs(Mechanism.SPNEGO, token)) return undefined
  try {
    return decodeNegTokenInit(unframe(token).innerToken)
  } catch (error) {
    if (error instanceof MalformedTokenError) return undefined
    throw error
  }
}

/** How messages are framed, and what has been decided about the list of mechanisms. */
interface Negotiated {
  /** Undefined without SPNEGO: there is no list to confirm. */
  readonly mechTypes: MechTypeList | undefined
  /** Whether NTLM was not the first choice, so that the list must be confirmed. */
  readonly micRequired: boolean
  /** Whether a reply was sent already: only the first one has supportedMech. */
  readonly replied: boolean
}

const BARE: Negotiated = { mechTypes: undefined, micRequired: false, replied: false }

function beginSpnego({ mechTypes, mechToken, mechListMic }: NegTokenInit, place: number): NtlmNegotiation {
  const negotiated = { mechTypes, micRequired: place > 0, replied: false }
  const message = unlessEmpty(mechToken)
  // The optimistic token belongs to the first mechanism of the list.
  if (place > 0 || message === undefined) return asked(negotiated)
  return begun(negotiated, message, mechListMic)
}

function asked(negotiated: Negotiated): NtlmAskedStep {
  const once = answerOnce()
  const negState = negotiated.micRequired ? 'request-mic' : 'accept-incomplete'
  return {
    status: 'asked',
    reply: encodeNegTokenResp({ negState, supportedMech: Mechanism.NTLM }),
    next(token) {
      once()
      const { message, mechListMic } = messageIn(negotiated, token)
      return begun({ ...negotiated, replied: true }, message, mechListMic)
    },
  }
}

function begun(negotiated: Negotiated, message: Uint8Array, mechListMic?: Uint8Array): NtlmBegunStep {
  const once = answerOnce()
  return {
    status: 'begun',
    message,
    challenge(challenge) {
      once()
      // No key exists at this time that could have made one.
      if (mechListMic !== undefined) throw malformed('mech-list-mic', 'none before the last message', 'one')
      return challenged(negotiated, challenge)
    },
  }
}

function challenged(negotiated: Negotiated, challenge: Uint8Array): NtlmChallengedStep {
  const once = answerOnce()
  const supportedMech = negotiated.replied ? undefined : Mechanism.NTLM
  return {
    status: 'challenged',
    reply: isBare(negotiated)
      ? challenge
      : encodeNegTokenResp({ negState: 'accept-incomplete', supportedMech, responseToken: challenge }),
    next(token) {
      once()
      return answered(negotiated, messageIn(negotiated, token))
    },
  }
}

function answered({ mechTypes, micRequired }: Negotiated, { message, mechListMic }: LaterMessage): NtlmAnsweredStep {
  const once = answerOnce()
  return {
    status: 'answered',
    message,
    accept(signer) {
      once()
      if (mechTypes === undefined) return { status: 'complete' }
      if (mechListMic !== undefined) requireMic(mechTypes, mechListMic, signer)
      else if (!micRequired && !signer.mustConfirm)
        return { status: 'complete', reply: encodeNegTokenResp({ negState: 'accept-completed' }) }
      return confirmed(mechTypes, signer, mechListMic !== undefined)
    },
  }
}

/** Sends our MIC, and waits for that of an initiator that has sent none yet. RFC 4178 section 5. */
function confirmed(mechTypes: MechTypeList, signer: MechListSigner, isTheirsRight: boolean): NtlmReply {
  const mechListMic = signer.sign(mechTypes.bytes)
  if (isTheirsRight)
    return { status: 'complete', reply: encodeNegTokenResp({ negState: 'accept-completed', mechListMic }) }
  const once = answerOnce()
  const confirm: NtlmConfirmStep = {
    status: 'confirm',
    reply: encodeNegTokenResp({ negState: 'accept-incomplete', mechListMic }),
    next(token) {
      once()
      const { mechListMic: theirs, responseToken } = readLaterLeg(token)
      // Old peers repeat their MIC here.
      if (responseToken !== undefined) throw malformed('NegTokenResp.response-token', 'none, since NTLM is done', 'one')
      if (theirs === undefined) throw listNotConfirmed('it sent no mechListMIC')
      requireMic(mechTypes, theirs, signer)
    },
  }
  return confirm
}

function requireMic({ bytes }: MechTypeList, mic: Uint8Array, signer: MechListSigner): void {
  if (!signer.verify(bytes, mic)) throw listNotConfirmed('its mechListMIC is wrong')
}

interface LaterMessage {
  readonly message: Uint8Array
  readonly mechListMic: Uint8Array | undefined
}

function messageIn(negotiated: Negotiated, token: Uint8Array): LaterMessage {
  if (isBare(negotiated)) return { message: token, mechListMic: undefined }
  const { responseToken, mechListMic } = readLaterLeg(token)
  if (responseToken === undefined) throw malformed('NegTokenResp.response-token', 'a message of NTLM', 'nothing')
  return { message: responseToken, mechListMic }
}

function isBare({ mechTypes }: Negotiated): boolean {
  return mechTypes === undefined
}
