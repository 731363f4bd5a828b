import { type ErrorDetails, RejectedTokenError, type S4uErrorCode } from '@s4u/kdc-client'
import { STATUS_CODES } from 'node:http'
import { discard } from './discard.js'

/** The answer of a server that did not prove itself. Only the status is from the server. */
export interface UnprovenAnswer {
  /** `https://api.ad.test` */
  readonly origin: string
  /** `HTTP/api.ad.test` */
  readonly service: string
  /** The HTTP status of the answer. It may be from an attacker in the backend's place. */
  readonly status: number
}

/**
 * A backend answered and did not prove that it is the service that the ticket was for. The answer
 * was not handed out. `answer.status` is its status; `status` (502) is for the HTTP response of
 * this app to its own client.
 *
 * @example
 * ```ts
 * import { fetch, UnprovenAnswerError } from '@s4u/fetch'
 *
 * try {
 *   await fetch('https://api.ad.test/orders')
 * } catch (error) {
 *   if (error instanceof UnprovenAnswerError) console.error(error.answer.status, error.hint)
 * }
 * ```
 */
export class UnprovenAnswerError extends RejectedTokenError {
  readonly answer: UnprovenAnswer

  constructor(what: string, answer: UnprovenAnswer, details: ErrorDetails & { code: S4uErrorCode }) {
    const { service, status } = answer
    super(`${service} answered ${status} ${what}`, { ...details, status: 502 })
    this.answer = Object.freeze({ ...answer })
  }
}

/** The statuses of errors: no result of the request. RFC 9110 section 15.5 and 15.6. */
const FIRST_ERROR = 400
const LAST_ERROR = 599

/**
 * Returns whether the app wants to see an answer though its proof is missing: only an error, from
 * which it gets the status alone. A wrong proof is refused in any case.
 *
 * @param mutualAuthentication the option of that name
 */
export function mayBeUnproven(mutualAuthentication: string | undefined, status: number): boolean {
  return mutualAuthentication === 'optional' && isError(status)
}

/** Returns whether a status is an error. A Response cannot be made with a status above 599. */
function isError(status: number): boolean {
  return status >= FIRST_ERROR && status <= LAST_ERROR
}

/** Returns what to do about an answer without a proof, or with a wrong one. */
export function hintFor(status: number, isWrong = false): string {
  return isError(status) && !isWrong
    ? "The response was not handed out. Servers often put no token on errors: mutualAuthentication: 'optional' hands those out, without what nobody proved."
    : "The response was not handed out. Is the server behind this URL the account that has this service principal name, and does it answer with a token? mutualAuthentication: 'off' believes any server."
}

/**
 * Returns a response of our own with only the status of an answer. An attacker who answers in the
 * server's place can choose no header and no word of it. If the body is short, its connection is
 * kept.
 */
export function sanitized(response: Response): Response {
  const { status, url } = response
  discard(response).catch(() => {})
  const empty = new Response(null, { status, statusText: STATUS_CODES[status] ?? '' })
  Object.defineProperty(empty, 'url', { value: url, enumerable: true })
  return empty
}
