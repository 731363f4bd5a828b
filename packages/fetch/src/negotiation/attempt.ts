import { createInitiator, findNegotiateChallenge, formatAuthorization, type Initiator } from '@s4u/gssapi'
import { RejectedTokenError, S4uError, type ServiceTicket } from '@s4u/kdc-client'
import { challengeSchemes } from '../answers/challenge-schemes.js'
import { isWanted, publish, type FetchEventSubject } from '../events/events.js'
import type { NegotiationForOptions, TokenOptions } from '../options/token-options.js'
import { hintFor, isError, UnprovenAnswerError } from '../answers/unproven-answer.js'

/** What a server said to a token. */
export interface ServerAnswer {
  readonly status: number
  /** `WWW-Authenticate`, or `Proxy-Authenticate` of a proxy. */
  readonly challenge: string | readonly string[] | null | undefined
  /** A redirect that will be followed, and whose answer will be judged in place of it. */
  readonly followed?: boolean
}

export type Judgement =
  /** The answer can be handed out: the server has proved itself, or has refused. */
  | { readonly kind: 'done' }
  /**
   * An error that nobody has proved, which the app wants to see: all of it, or the status alone.
   */
  | { readonly kind: 'unproven'; readonly sanitize: boolean }
  /** The server wants this too. */
  | { readonly kind: 'again'; readonly authorization: string }
  /** The service could not open the ticket: its key has changed since the KDC sealed it. */
  | { readonly kind: 'stale' }

export interface AttemptDetails {
  readonly origin: string
  readonly spn: string
  readonly ticket: ServiceTicket
  /** What is known of whom it names, read when an event tells it. */
  readonly whose?: Pick<NegotiationForOptions, 'clientSid'> | undefined
  /** The status that asks for credentials: 401, or 407 of a proxy. */
  readonly refusal: 401 | 407
  readonly channelBindings?: Uint8Array
  readonly delegate?: Uint8Array
}

/** Legs of one negotiation. Kerberos takes one, a cautious SPNEGO peer two or three. */
const MAX_LEGS = 4

/** What a service says that cannot open the ticket. Source: RFC 4120 section 3.2.3. */
const STALE: readonly string[] = [
  'KRB_AP_ERR_BAD_INTEGRITY',
  'KRB_AP_ERR_BADKEYVER',
  'KRB_AP_ERR_MODIFIED',
  'KRB_AP_ERR_NOKEY',
  'KRB_AP_ERR_TKT_EXPIRED',
]

const DONE: Judgement = { kind: 'done' }

/** One negotiation with one server about one ticket: what to send, and what the answer means. */
export class Attempt {
  readonly details: AttemptDetails
  /**
   * The value of the header to send. It is good for one request: one that is sent twice is a
   * replay.
   */
  readonly authorization: string
  readonly #options: TokenOptions
  #pending: Pick<Initiator, 'step'> | undefined
  #legs = 1
  #proven = false

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

  /** Whether a proof of the server has come. */
  get isProven(): boolean {
    return this.#proven
  }

  /**
   * @throws RejectedTokenError (KRB_AP_ERR_MUT_FAIL when the server did not prove itself),
   * MalformedTokenError
   */
  judge(answer: ServerAnswer): Judgement {
    const { refusal } = this.details
    return answer.status === refusal ? this.#judgeRefusal(answer) : this.#judgeAnswer(answer)
  }

  /**
   * In a refusal a token is another leg, or the reason; the reason stays in the answer for whoever
   * asked.
   */
  #judgeRefusal(answer: ServerAnswer): Judgement {
    let code: string | undefined
    try {
      const token = findNegotiateChallenge(answer.challenge)?.token
      const next = token && this.#step(token)
      if (next !== undefined && this.#legs++ < MAX_LEGS)
        return { kind: 'again', authorization: formatAuthorization(next) }
    } catch (error) {
      if (!S4uError.is(error)) throw error
      code = error.code
    }
    if (code !== undefined && STALE.includes(code)) {
      this.#publish(answer.status, (subject) => ({ kind: 'stale-ticket', ...subject, code }))
      return { kind: 'stale' }
    }
    this.#publishRefusal(answer, code)
    return DONE
  }

  #judgeAnswer({ status, challenge, followed = false }: ServerAnswer): Judgement {
    const { mutualAuthentication = 'require', sanitize = true } = this.#options
    try {
      const token = findNegotiateChallenge(challenge)?.token
      if (token === undefined && !this.#proven && this.#mayBeUnproven(status)) {
        this.#publish(status, (subject) => ({ kind: 'error-not-proven', ...subject, sanitized: sanitize }))
        return { kind: 'unproven', sanitize }
      }
      // Whatever the server would still like to have: what it did send proves it, and it has
      // answered.
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

  /** A proof that is wrong is refused in any case: this is about none. */
  #mayBeUnproven(status: number): boolean {
    return this.#options.mutualAuthentication === 'optional' && isError(status)
  }

  /** The token of a further leg, if there is one. After the last leg nothing is owed any more. */
  #step(token: Uint8Array | undefined): Uint8Array | undefined {
    const pending = this.#pending
    if (pending === undefined) return undefined
    this.#pending = undefined
    const step = pending.step(token)
    // Where a proof was asked for, there is no step without one.
    this.#proven = this.#options.mutualAuthentication !== 'off'
    if (step.status === 'continue') this.#pending = step
    return step.token
  }

  #publishRefusal({ status, challenge }: ServerAnswer, code: string | undefined): void {
    this.#publish(status, (subject) => {
      const schemes = challengeSchemes(challenge)
      const negotiable = schemes.some((scheme) => scheme.toLowerCase() === 'negotiate')
      if (!negotiable && schemes.length > 0) return { kind: 'other-scheme-wanted', ...subject, schemes }
      return { kind: 'refused', ...subject, legs: this.#legs, ...(code !== undefined && { code }) }
    })
  }

  #publish(status: number, make: (subject: FetchEventSubject) => Parameters<typeof publish>[0]): void {
    const { origin, spn } = this.details
    publish(make({ origin, service: spn, ...clientOf(this.details), status }), this.#options)
  }
}

/** In whose name a request goes, as events tell it. */
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
  // The backend's octets, and not those of whoever asked this service.
  error.status = 502
  if (!(error instanceof RejectedTokenError)) return error
  return new UnprovenAnswerError(
    `and did not prove its identity: ${error.message}`,
    { origin, service, status },
    { code: error.code, hint: hintFor(status, hasToken(challenge)), cause: error },
  )
}

/** Without one there is nothing wrong with it but that it is missing. */
function hasToken(challenge: ServerAnswer['challenge']): boolean {
  return findNegotiateChallenge(challenge)?.token !== undefined
}
