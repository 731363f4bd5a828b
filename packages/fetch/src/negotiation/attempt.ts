import { createInitiator, findNegotiateChallenge, formatAuthorization, type Initiator } from '@s4u/gssapi'
import { RejectedTokenError, S4uError, type ServiceTicket } from '@s4u/kdc-client'
import { type ServerRefusal, refusalOf } from '../answers/server-refusal.js'
import { isWanted, publish, type FetchEventSubject } from '../events/events.js'
import type { NegotiationForOptions, TokenOptions } from '../options/token-options.js'
import { hintFor, mayBeUnproven, UnprovenAnswerError } from '../answers/unproven-answer.js'

/** The answer of a server to a token. */
export interface ServerAnswer {
  readonly status: number
  /** The header `WWW-Authenticate`, or `Proxy-Authenticate` of a proxy. */
  readonly challenge: string | readonly string[] | null | undefined
  /**
   * Whether the answer is a redirect that will be followed. The answer to that one is judged in its
   * place.
   */
  readonly followed?: boolean
}

export type Judgement =
  /** The answer can be handed out: the server has proved itself, or has refused. */
  | { readonly kind: 'done' }
  /** An unproven error that the app wants to see: all of it, or only the status. */
  | { readonly kind: 'unproven'; readonly sanitize: boolean }
  /** The server wants another leg, with this header. */
  | { readonly kind: 'again'; readonly authorization: string }
  /** The service could not open the ticket: its key has changed since the KDC sealed the ticket. */
  | { readonly kind: 'stale' }

export interface AttemptDetails {
  readonly origin: string
  readonly spn: string
  readonly ticket: ServiceTicket
  /** More about the client of the ticket; read when an event is published. */
  readonly whose?: Pick<NegotiationForOptions, 'clientSid'> | undefined
  /** The status that asks for credentials: 401, or 407 of a proxy. */
  readonly refusal: 401 | 407
  readonly channelBindings?: Uint8Array
  readonly delegate?: Uint8Array
}

/**
 * The number of legs of one negotiation. Kerberos needs one, a careful SPNEGO peer two or three.
 */
const MAX_LEGS = 4

/** The codes of a service that cannot open the ticket. Source: RFC 4120 section 3.2.3. */
const STALE: readonly string[] = [
  'KRB_AP_ERR_BAD_INTEGRITY',
  'KRB_AP_ERR_BADKEYVER',
  'KRB_AP_ERR_MODIFIED',
  'KRB_AP_ERR_NOKEY',
  'KRB_AP_ERR_TKT_EXPIRED',
]

const DONE: Judgement = { kind: 'done' }

/** Negotiates with one server about one ticket: makes the header to send, and judges the answer. */
export class Attempt {
  readonly details: AttemptDetails
  /** The value of the header to send, for one request. A header that is sent twice is a replay. */
  readonly authorization: string
  readonly #options: TokenOptions
  #pending: Pick<Initiator, 'step'> | undefined
  #legs = 1
  #proven = false
  #refusal: ServerRefusal | undefined

  constructor(details: AttemptDetails, options: TokenOptions) {
    const { ticket, channelBindings, delegate } = details
    const { now = Date.now, random, mutualAuthentication = 'require', allowedImpersonationLevel } = options
    const initiator = createInitiator({
      ticket,
      mutual: mutualAuthentication !== 'off',
      identify: allowedImpersonationLevel === 'identification',
      now,
      channelBindings,
      delegate,
      random,
    })
    this.details = details
    this.authorization = initiator.authorization
    this.#pending = initiator
    this.#options = options
  }

  /** Whether the server has proved itself. */
  get isProven(): boolean {
    return this.#proven
  }

  /** Why the server refused, once its refusal has been judged. */
  get refusal(): ServerRefusal | undefined {
    return this.#refusal
  }

  /**
   * Judges the answer of the server.
   * @throws RejectedTokenError (KRB_AP_ERR_MUT_FAIL if the server did not prove itself),
   * MalformedTokenError
   */
  judge(answer: ServerAnswer): Judgement {
    const { refusal } = this.details
    return answer.status === refusal ? this.#judgeRefusal(answer) : this.#judgeAnswer(answer)
  }

  /**
   * Judges a 401 or 407. Its token is another leg, or the reason. The reason also stays in the
   * response that the caller gets.
   */
  #judgeRefusal(answer: ServerAnswer): Judgement {
    let code: string | undefined
    try {
      const token = findNegotiateChallenge(answer.challenge)?.token
      const next = token && this.#step(token)
      if (next !== undefined && this.#legs++ < MAX_LEGS) {
        this.#refusal = { ...refusalOf(answer.challenge, code), kind: 'another-leg' }
        return { kind: 'again', authorization: formatAuthorization(next) }
      }
    } catch (error) {
      if (!S4uError.is(error)) throw error
      code = error.code
    }
    const refusal = refusalOf(answer.challenge, code)
    this.#refusal = refusal
    if (code !== undefined && STALE.includes(code)) {
      this.#refusal = { ...refusal, kind: 'stale-ticket' }
      this.#publish(answer.status, (subject) => ({ kind: 'stale-ticket', ...subject, code }))
      return { kind: 'stale' }
    }
    this.#publishRefusal(answer.status, refusal)
    return DONE
  }

  #judgeAnswer({ status, challenge, followed = false }: ServerAnswer): Judgement {
    const { mutualAuthentication = 'require', sanitize = true } = this.#options
    try {
      const token = findNegotiateChallenge(challenge)?.token
      if (token === undefined && !this.#proven && mayBeUnproven(mutualAuthentication, status)) {
        this.#publish(status, (subject) => ({ kind: 'error-not-proven', ...subject, sanitized: sanitize }))
        return { kind: 'unproven', sanitize }
      }
      // The server may want another leg, but it has answered, and its token is the proof.
      if (token !== undefined || (mutualAuthentication !== 'off' && !followed)) this.#step(token)
      const serverProven = token !== undefined
      if (isWanted(this.#options))
        this.#publish(status, (subject) => ({ kind: 'authenticated', ...subject, legs: this.#legs, serverProven }))
      return DONE
    } catch (error) {
      if (!S4uError.is(error)) throw error
      this.#publish(status, (subject) => ({ kind: 'server-not-proven', ...subject, code: error.code }))
      throw named(error, this.details, { status, challenge })
    }
  }

  /**
   * Reads a token and returns that of the next leg, if there is one. After the last leg no token is
   * expected.
   */
  #step(token: Uint8Array | undefined): Uint8Array | undefined {
    const pending = this.#pending
    if (pending === undefined) return undefined
    this.#pending = undefined
    const step = pending.step(token)
    // Where a proof was asked for, a step without one throws.
    this.#proven = this.#options.mutualAuthentication !== 'off'
    if (step.status === 'continue') this.#pending = step
    return step.token
  }

  #publishRefusal(status: number, { kind, schemes, code }: ServerRefusal): void {
    this.#publish(status, (subject) =>
      kind === 'other-scheme-wanted'
        ? { kind, ...subject, schemes }
        : { kind: 'refused', ...subject, legs: this.#legs, ...(code !== undefined && { code }) },
    )
  }

  #publish(status: number, make: (subject: FetchEventSubject) => Parameters<typeof publish>[0]): void {
    const { origin, spn } = this.details
    publish(make({ origin, service: spn, ...clientOf(this.details), status }), this.#options)
  }
}

/** Returns the client of a ticket as events show it. */
export function clientOf({
  ticket,
  whose,
}: Pick<AttemptDetails, 'whose'> & { readonly ticket: Pick<ServiceTicket, 'client'> }): Pick<
  FetchEventSubject,
  'client' | 'clientSid'
> {
  const clientSid = whose?.clientSid
  const { name, realm } = ticket.client
  return { client: `${name.nameString.join('/')}@${realm}`, ...(clientSid !== undefined && { clientSid }) }
}

function named(
  error: S4uError,
  { origin, spn: service }: AttemptDetails,
  { status, challenge }: ServerAnswer,
): S4uError {
  // The octets are the backend's, and not those of the client of this service.
  error.status = 502
  if (!(error instanceof RejectedTokenError)) return error
  return new UnprovenAnswerError(
    `and did not prove its identity: ${error.message}`,
    { origin, service, status },
    { code: error.code, hint: hintFor(status, hasToken(challenge)), cause: error },
  )
}

/** Returns whether the answer has a token: if not, the proof is missing, and not wrong. */
function hasToken(challenge: ServerAnswer['challenge']): boolean {
  return findNegotiateChallenge(challenge)?.token !== undefined
}
