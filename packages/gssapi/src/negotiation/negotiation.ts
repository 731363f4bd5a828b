/** The acceptor's side of a negotiation: takes tokens, returns steps. */

import { ApReq, decode, type MalformedTokenError, RejectedTokenError } from '@s4u/krb5'
import { answerOnce } from './answer-once.js'
import { readAuthenticatorChecksum } from '../context-tokens/authenticator-checksum.js'
import { familyOf, foreignMechanismOf, type ForeignMechanism, signatureOf } from './foreign-mechanism.js'
import {
  describeStart,
  frameKrb5Token,
  krb5Token,
  readInnerKrb5Token,
  readKrb5Token,
} from '../context-tokens/krb5-token.js'
import { listNotConfirmed, malformed, readLaterLeg, unlessEmpty } from './later-leg.js'
import type {
  AcceptedApReq,
  ApReqStep,
  CompletedNegotiation,
  ContinueStep,
  MicAwaited,
  NegotiationOptions,
  NegotiationReply,
  NegotiationStep,
  UnsupportedStep,
} from './negotiation-step.js'
import { isKerberos, Mechanism } from '../framing/oids.js'
import { SecurityContext } from '../per-message/security-context.js'
import { decodeNegTokenInit, encodeNegTokenResp, type MechTypeList, type NegTokenInit } from './spnego.js'
import { isFramed, isFramedAs, type TokenWriter, unframe, written } from '../framing/token-framing.js'

/**
 * Takes the first token of an initiator, and returns the first step. Source: RFC 4178 section 3.2
 * and section 4, RFC 4121 section 4.1, MS-SPNG section 3.2.
 * @throws MalformedTokenError
 * @example
 * ```ts
 * import { beginNegotiation, parseAuthorization, sealApRep } from '@s4u/gssapi'
 * import { type Key, openApReq } from '@s4u/krb5'
 *
 * export function replyTo(authorization: string, serviceKey: Key) {
 *   const header = parseAuthorization(authorization)
 *   if (header.status !== 'token') return undefined
 *   const step = beginNegotiation(header.token)
 *   if (step.status !== 'ap-req') return undefined
 *   const opened = openApReq(step.apReq, serviceKey) // decrypted, and not checked yet
 *   return step.accept({ opened, ...sealApRep({ opened }) }).reply
 * }
 * ```
 */
export function beginNegotiation(token: Uint8Array, options: NegotiationOptions = {}): NegotiationStep {
  const signature = signatureOf(token)
  if (signature !== undefined) return { status: 'unsupported', mechanism: signature, offered: [] }
  if (!isFramed(token)) throw notFramed(token)
  const { mechanism, innerToken } = unframe(token)
  if (mechanism === Mechanism.SPNEGO) return beginSpnego(decodeNegTokenInit(innerToken), options)
  if (mechanism === Mechanism.KRB5) return rawApReq(readInnerKrb5Token(innerToken, 'ap-req').message, options)
  return { status: 'unsupported', mechanism: familyOf([mechanism]), offered: [mechanism] }
}

/**
 * Returns the token that ends the negotiation, for a peer whose SPNEGO token cannot be read or does
 * not prove what it must. MIT's library sends the same. Returns undefined if nothing says that the
 * token is of SPNEGO. Source: RFC 4178 section 4.2.2, negState reject.
 *
 * @example
 * ```ts
 * import { beginNegotiation, formatChallenge, rejectionOf } from '@s4u/gssapi'
 * import { MalformedTokenError } from '@s4u/krb5'
 *
 * export function begin(token: Uint8Array) {
 *   try {
 *     return beginNegotiation(token)
 *   } catch (error) {
 *     if (!(error instanceof MalformedTokenError)) throw error
 *     return formatChallenge(rejectionOf(token))
 *   }
 * }
 * ```
 */
export function rejectionOf(token: Uint8Array): Uint8Array | undefined {
  return isFramedAs(Mechanism.SPNEGO, token) || token[0] === NEG_TOKEN_RESP
    ? encodeNegTokenResp({ negState: 'reject' })
    : undefined
}

/** [1] of NegotiationToken: a later leg. */
const NEG_TOKEN_RESP = 0xa1

/** Makes the step for Kerberos without SPNEGO. */
function rawApReq(apReqBytes: Uint8Array, options: NegotiationOptions): ApReqStep {
  const once = answerOnce()
  return {
    status: 'ap-req',
    framing: 'krb5',
    mechanism: Mechanism.KRB5,
    apReq: decode(ApReq, apReqBytes),
    apReqBytes,
    accept(accepted) {
      once()
      const apRep = apRepToken(accepted)
      return { status: 'complete', reply: apRep && written(apRep), context: contextOf(accepted, options) }
    },
    reject(error) {
      once()
      return error && frameKrb5Token('krb-error', error)
    },
  }
}

/** What is decided about a SPNEGO negotiation. */
interface Negotiated extends NegotiationOptions {
  readonly mechTypes: MechTypeList
  /** The first Kerberos mechanism of the list, as the list writes it. */
  readonly chosen: string
  /** Whether Kerberos was not the first choice, so that the list must be confirmed. */
  readonly micRequired: boolean
  /** Whether a reply was sent already: only the first one has supportedMech. */
  readonly replied: boolean
}

function beginSpnego(init: NegTokenInit, options: NegotiationOptions): NegotiationStep {
  const { mechTypes, mechListMic } = init
  const { mechanisms } = mechTypes
  const mechToken = unlessEmpty(init.mechToken)
  const place = mechanisms.findIndex(isKerberos)
  if (place < 0) return rejected((mechToken && foreignMechanismOf(mechToken)) ?? familyOf(mechanisms), mechanisms)
  const { random } = options
  // Each field is named, here and in other code of each sign-on: V8 is slow with a literal that
  // begins with a spread.
  const negotiated: Negotiated = {
    random,
    mechTypes,
    chosen: mechanisms[place],
    micRequired: place > 0,
    replied: false,
  }
  // The optimistic token belongs to the first mechanism of the list. That of another mechanism is
  // ignored.
  if (place === 0 && mechToken !== undefined) return spnegoToken(negotiated, mechToken, mechListMic)
  return askForToken(negotiated)
}

function rejected(mechanism: ForeignMechanism, offered: readonly string[]): UnsupportedStep {
  return { status: 'unsupported', mechanism, offered, reply: encodeNegTokenResp({ negState: 'reject' }) }
}

function askForToken(negotiated: Negotiated): ContinueStep {
  const { chosen, micRequired, mechTypes } = negotiated
  const once = answerOnce()
  return {
    status: 'continue',
    reply: encodeNegTokenResp({ negState: micRequired ? 'request-mic' : 'accept-incomplete', supportedMech: chosen }),
    next(token) {
      once()
      const bare = signatureOf(token)
      if (bare !== undefined) return rejected(bare, mechTypes.mechanisms)
      const { responseToken, mechListMic } = readLaterLeg(token)
      if (responseToken === undefined) throw malformed('NegTokenResp.response-token', 'a krb5 context token', 'nothing')
      return spnegoToken({ ...negotiated, replied: true }, responseToken, mechListMic)
    },
  }
}

/**
 * Makes the step for a token of Kerberos, or of another mechanism that a client without a ticket
 * has put in its place.
 */
function spnegoToken(negotiated: Negotiated, token: Uint8Array, mechListMic?: Uint8Array): NegotiationStep {
  try {
    return spnegoApReq(negotiated, token, mechListMic)
  } catch (error) {
    // This is checked only here, since nearly every token is of Kerberos.
    const foreign = foreignMechanismOf(token)
    if (foreign === undefined) throw error
    return rejected(foreign, negotiated.mechTypes.mechanisms)
  }
}

function spnegoApReq(negotiated: Negotiated, mechToken: Uint8Array, mechListMic: Uint8Array | undefined): ApReqStep {
  const { message: apReqBytes } = readKrb5Token(mechToken, 'ap-req')
  const supportedMech = negotiated.replied ? undefined : negotiated.chosen
  const once = answerOnce()
  return {
    status: 'ap-req',
    framing: 'spnego',
    mechanism: negotiated.chosen,
    apReq: decode(ApReq, apReqBytes),
    apReqBytes,
    accept(accepted) {
      once()
      return finishSpnego(negotiated, accepted, mechListMic)
    },
    reject(error) {
      once()
      const responseToken = error && frameKrb5Token('krb-error', error)
      return encodeNegTokenResp({ negState: 'reject', supportedMech, responseToken })
    },
  }
}

/**
 * Ends the negotiation with both MICs, or with none. MICs are exchanged if Kerberos was not the
 * initiator's first choice, or if the initiator sent one. Otherwise an attacker can have gained
 * nothing by changing the list. Source: RFC 4178 section 5.
 */
function finishSpnego(
  negotiated: Negotiated,
  accepted: AcceptedApReq,
  mechListMic: Uint8Array | undefined,
): NegotiationReply {
  const { mechTypes, chosen, micRequired, replied } = negotiated
  const context = contextOf(accepted, negotiated)
  const answer = { supportedMech: replied ? undefined : chosen, responseToken: apRepToken(accepted) }
  if (mechListMic !== undefined) verifyMechListMic(context, mechTypes, mechListMic)
  else if (!micRequired) return complete(context, encodeNegTokenResp({ negState: 'accept-completed', ...answer }))
  const mic = context.getMic(mechTypes.bytes)
  if (mechListMic !== undefined) {
    return complete(context, encodeNegTokenResp({ negState: 'accept-completed', ...answer, mechListMic: mic }))
  }
  return awaitMic(
    context,
    mechTypes,
    encodeNegTokenResp({ negState: 'accept-incomplete', ...answer, mechListMic: mic }),
  )
}

function awaitMic(context: SecurityContext, mechTypes: MechTypeList, reply: Uint8Array): MicAwaited {
  const once = answerOnce()
  return {
    status: 'continue',
    reply,
    next(token) {
      once()
      const { mechListMic, responseToken } = readLaterLeg(token)
      if (responseToken !== undefined)
        throw malformed('NegTokenResp.response-token', 'none, since Kerberos is done', 'one')
      if (mechListMic === undefined) throw listNotConfirmed('it sent no mechListMIC')
      verifyMechListMic(context, mechTypes, mechListMic)
      return complete(context)
    },
  }
}

function complete(context: SecurityContext, reply?: Uint8Array): CompletedNegotiation {
  return { status: 'complete', reply, context }
}

function verifyMechListMic(context: SecurityContext, mechTypes: MechTypeList, mic: Uint8Array): void {
  try {
    context.verifyMic(mechTypes.bytes, mic)
  } catch (error) {
    throw error instanceof RejectedTokenError ? listNotConfirmed('its mechListMIC is wrong', error) : error
  }
}

function apRepToken({ apRep }: AcceptedApReq): TokenWriter | undefined {
  return apRep && krb5Token('ap-rep', (writer) => writer.octets(apRep))
}

function contextOf(accepted: AcceptedApReq, { random }: NegotiationOptions): SecurityContext {
  const { opened, contextKey, acceptorSubkey = false } = accepted
  const { authenticator, encTicketPart } = opened
  const receiveSequence = authenticator.seqNumber ?? 0
  return new SecurityContext({
    role: 'acceptor',
    peer: { name: encTicketPart.cname, realm: encTicketPart.crealm },
    flags: accepted.flags ?? readAuthenticatorChecksum(authenticator).flags,
    initiatorKey: acceptorSubkey ? (authenticator.subkey ?? encTicketPart.key) : contextKey,
    acceptorKey: acceptorSubkey ? contextKey : undefined,
    sendSequence: accepted.sequenceNumber ?? receiveSequence,
    receiveSequence,
    random,
  })
}

function notFramed(token: Uint8Array): MalformedTokenError {
  return malformed('token', 'a token framed as in RFC 2743 section 3.1', describeStart(token))
}
