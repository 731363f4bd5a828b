/** The initiator's side of a negotiation: takes a ticket, makes tokens, and ends with a context. */

import {
  ApReq,
  type Authenticator,
  ConfigurationError,
  decode,
  type EncApRepPart,
  type Key,
  KrbError,
  krbErrorName,
  MalformedTokenError,
  type OptionTableOf,
  RejectedTokenError,
  requireKnownOptions,
} from '@s4u/krb5'
import { mutualAuthenticationFailed, openApRep } from './context-tokens/ap-rep.js'
import { krb5Token, readKrb5Token } from './context-tokens/krb5-token.js'
import { formatAuthorization } from './negotiate-header.js'
import { sameOctets } from './framing/octets.js'
import { isKerberos, Mechanism } from './framing/oids.js'
import { SecurityContext } from './per-message/security-context.js'
import { type ContextRequest, makeApReq, type SentApReq } from './context-tokens/sent-ap-req.js'
import {
  decodeNegTokenResp,
  encodeNegTokenResp,
  type MechTypeList,
  mechTypeList,
  type NegTokenResp,
  negTokenInitWith,
} from './negotiation/spnego.js'
import { isFramed, type TokenWriter, withToken, written } from './framing/token-framing.js'

/**
 * Options of `createInitiator`: the ticket, what the context shall offer, and the framing of its
 * tokens.
 */
export interface InitiatorOptions extends ContextRequest {
  /** `spnego` (default), or `krb5` for tokens without SPNEGO. */
  readonly framing?: 'spnego' | 'krb5'
}

/** Every name in InitiatorOptions; others are refused. */
export const INITIATOR_OPTIONS = {
  ticket: 'value',
  mutual: 'flag',
  identify: 'flag',
  delegate: 'value',
  channelBindings: 'value',
  flags: 'value',
  now: 'value',
  random: 'value',
  framing: 'value',
} as const satisfies OptionTableOf<InitiatorOptions>

/** A negotiation that has begun: send `token`, and give the answer to `step`, once. */
export interface Initiator {
  readonly token: Uint8Array
  /** The token as the value of an HTTP `Authorization` header. */
  readonly authorization: string
  /**
   * The end of the ticket in milliseconds since the epoch: a service may end a connection then that
   * was signed in to with it.
   */
  readonly expiresAt: number
  /**
   * Takes the answer of the service.
   * @param reply the service's token; undefined if it accepted without one
   * @throws RejectedTokenError KRB_AP_ERR_MUT_FAIL if the service did not prove itself; the name of
   * its KRB-ERROR if it refused
   * @throws MalformedTokenError
   */
  step(reply: Uint8Array | undefined): InitiatorStep
}

/** What an initiator does next: use the context, or send another token and wait for the answer. */
export type InitiatorStep =
  /**
   * The context is there. `token`, if there is one, must still be sent: the service waits for it,
   * and the client waits for nothing more.
   */
  | { readonly status: 'established'; readonly context: SecurityContext; readonly token?: Uint8Array }
  | { readonly status: 'continue'; readonly token: Uint8Array; step(reply: Uint8Array | undefined): InitiatorStep }

/**
 * Starts a negotiation with a service. Source: RFC 4120 section 3.2.2, RFC 4121 section 4.1, RFC
 * 4178 section 3.2.
 * @throws RejectedTokenError KRB_AP_ERR_TKT_EXPIRED; ConfigurationError S4U_UNKNOWN_OPTION
 * @example
 * ```ts
 * import { createInitiator, findNegotiateChallenge } from '@s4u/gssapi'
 * import { createKdcClient } from '@s4u/kdc-client'
 *
 * const credentials = { principal: 'svc-web@AD.TEST', keytab: 'web.keytab' }
 * const ticket = await createKdcClient({ credentials }).ticketFor('HTTP/api.ad.test')
 * const initiator = createInitiator({ ticket, now: Date.now })
 * const { authorization } = initiator
 * const response = await fetch('https://api.ad.test/', { headers: { authorization } })
 * const challenge = findNegotiateChallenge(response.headers.get('www-authenticate'))
 * const { status } = initiator.step(challenge?.token)
 * ```
 */
export function createInitiator(given: InitiatorOptions): Initiator {
  const options = requireKnownOptions('createInitiator', given, INITIATOR_OPTIONS)
  requireTicketAndTime(options)
  const sent = makeApReq(options)
  const token = krb5Token('ap-req', (writer) => ApReq.write(writer, sent.apReq))
  if (options.framing === 'krb5') return new Begun(token, sent, (reply) => finishRaw(sent, reply))
  return new Begun(negTokenInitWith(KERBEROS_ONLY, token), sent, (reply) => finishSpnego(sent, KERBEROS_ONLY, reply))
}

/** Checks what TypeScript would check. @throws ConfigurationError */
function requireTicketAndTime({ ticket, now }: Partial<InitiatorOptions>): void {
  if (!isTicketOfClient(ticket))
    throw new ConfigurationError('createInitiator: ticket is missing', {
      hint: "Give what ticketFor of a KDC client resolves to: createInitiator({ ticket: await client.ticketFor('HTTP/api.ad.test'), now: Date.now }).",
    })
  if (typeof now !== 'function' && typeof now !== 'number')
    throw new ConfigurationError('createInitiator: now must be the time in milliseconds, or a function that tells it', {
      hint: 'Write now: Date.now. This package has no clock of its own.',
    })
}

function isTicketOfClient(value: unknown): boolean {
  const members = ['client', 'service', 'ticket', 'sessionKey', 'expiresAt']
  return typeof value === 'object' && value !== null && members.every((name) => name in value)
}

/** The list of mechanisms: with one entry an attacker cannot change the choice. */
const KERBEROS_ONLY = mechTypeList([Mechanism.KRB5])

const NOTHING: Uint8Array = new Uint8Array(0)

function finishRaw(sent: SentApReq, reply: Uint8Array | undefined): InitiatorStep {
  return { status: 'established', context: establish(sent, reply) }
}

/** Reads the service's answer in SPNEGO. Source: RFC 4178 section 4.2.2 and section 5. */
function finishSpnego(sent: SentApReq, mechTypes: MechTypeList, reply: Uint8Array | undefined): InitiatorStep {
  if (reply === undefined) return finishRaw(sent, reply)
  const { negState, responseToken, mechListMic } = readResponse(reply)
  const context = establish(sent, responseToken)
  if (mechListMic !== undefined) context.verifyMic(mechTypes.bytes, mechListMic)
  if (negState === undefined || negState === 'accept-completed') return { status: 'established', context }
  const token = encodeNegTokenResp({ mechListMic: context.getMic(mechTypes.bytes) })
  if (mechListMic !== undefined) return { status: 'established', context, token }
  return { status: 'continue', token, step: once((last) => finishMic(context, mechTypes, last)) }
}

/** Checks the service's MIC and makes ours. */
function finishMic(context: SecurityContext, mechTypes: MechTypeList, reply: Uint8Array | undefined): InitiatorStep {
  const mechListMic = reply && readResponse(reply).mechListMic
  if (mechListMic === undefined) {
    throw new RejectedTokenError('the service asked for a mechListMIC and sent none itself', { code: 'GSS_S_BAD_SIG' })
  }
  context.verifyMic(mechTypes.bytes, mechListMic)
  return { status: 'established', context }
}

/** Returns a NegTokenResp; throws if it is a refusal. */
function readResponse(reply: Uint8Array): NegTokenResp {
  // A refusal may come without SPNEGO.
  if (isFramed(reply) || reply[0] === 0x7e) throw refusedByPeer(readKrb5Token(reply, 'krb-error').message)
  const resp = decodeNegTokenResp(reply)
  const responseToken = resp.responseToken?.length === 0 ? undefined : resp.responseToken
  if (resp.supportedMech !== undefined && !isKerberos(resp.supportedMech)) {
    throw new RejectedTokenError(`the service chose the mechanism ${resp.supportedMech}, which was not offered`, {
      code: 'GSS_S_BAD_MECH',
    })
  }
  if (resp.negState === 'reject') throw rejected(responseToken)
  // Windows 2000 sends the response token once more in place of the MIC.
  const isRepeated = responseToken !== undefined && sameOctets(resp.mechListMic ?? NOTHING, responseToken)
  return {
    ...resp,
    responseToken,
    mechListMic: isRepeated ? undefined : resp.mechListMic,
  }
}

/** Checks the service's answer and returns the context. */
function establish(sent: SentApReq, token: Uint8Array | undefined): SecurityContext {
  const { mutual, credential, authenticator, subkey, seqNumber, flags, random } = sent
  if (token === undefined && mutual)
    throw mutualAuthenticationFailed('the service did not prove that it is the service')
  const part = token && readApRep(token, credential.sessionKey, authenticator)
  return new SecurityContext({
    role: 'initiator',
    peer: credential.service,
    flags,
    initiatorKey: subkey,
    ...(part?.subkey !== undefined && { acceptorKey: part.subkey }),
    sendSequence: seqNumber,
    receiveSequence: part?.seqNumber ?? (part === undefined ? seqNumber : 0),
    random,
  })
}

function readApRep(token: Uint8Array, sessionKey: Key, authenticator: Authenticator): EncApRepPart {
  const { kind, message } = readKrb5Token(token, 'ap-rep', 'krb-error')
  if (kind === 'krb-error') throw refusedByPeer(message)
  return openApRep(message, sessionKey, authenticator)
}

function rejected(responseToken: Uint8Array | undefined): RejectedTokenError {
  if (responseToken !== undefined) {
    try {
      return refusedByPeer(readKrb5Token(responseToken, 'krb-error').message)
    } catch (error) {
      if (!(error instanceof MalformedTokenError)) throw error
    }
  }
  return new RejectedTokenError('the service rejected the negotiation (negState reject) and gave no reason', {
    code: 'GSS_S_FAILURE',
  })
}

function refusedByPeer(message: Uint8Array): RejectedTokenError {
  const code = krbErrorName(decode(KrbError, message).errorCode)
  return new RejectedTokenError(`the service refused the ticket: ${code}`, { code, hint: HINTS[code] })
}

const HINTS: Readonly<Record<string, string>> = {
  KRB_AP_ERR_SKEW: 'The clocks of this machine and of the service differ by more than the service allows.',
  KRB_AP_ERR_MODIFIED:
    'The ticket is sealed for another account than the service runs as: its SPN is on the wrong account, or its key has changed.',
  KRB_AP_ERR_BAD_INTEGRITY:
    'The ticket is sealed for another account than the service runs as: its SPN is on the wrong account, or its key has changed.',
  KRB_AP_ERR_NOKEY: 'The keytab of the service has no key for this SPN, encryption type and key version.',
  KRB_AP_ERR_REPEAT: 'The service has seen this request before: something between the two sent it twice.',
}

type Step = Initiator['step']

/**
 * Writes the token in the form that is asked for. Mostly that is text, and octets in memory of
 * their own would cost more than the rest.
 */
class Begun implements Initiator {
  readonly step: Step
  readonly expiresAt: number
  readonly #write: TokenWriter
  #token: Uint8Array | undefined

  constructor(write: TokenWriter, { credential }: SentApReq, step: Step) {
    this.expiresAt = credential.expiresAt
    this.#write = write
    this.step = once(step)
  }

  get token(): Uint8Array {
    return (this.#token ??= written(this.#write))
  }

  get authorization(): string {
    return withToken(this.#write, formatAuthorization)
  }
}

function once(step: Step): Step {
  let used = false
  return (reply) => {
    if (used) throw new ConfigurationError('an initiator takes one reply; make another for the next request')
    used = true
    try {
      return step(reply)
    } catch (error) {
      // The octets are the service's, and not those of the client of the program that calls it.
      if (error instanceof RejectedTokenError || error instanceof MalformedTokenError) error.status = 502
      throw error
    }
  }
}
