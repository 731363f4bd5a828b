import { type ErrorDetails, RejectedTokenError, type S4uErrorCode } from '@s4u/kdc-client'
import { STATUS_CODES } from 'node:http'
import { discard } from './discard.js'

/** Who answered without a proof, and what. Nothing of it but the status is the server's. */
export interface UnprovenAnswer {
  /** `https://api.ad.test` */
  readonly origin: string
  /** `HTTP/api.ad.test` */
  readonly service: string
  /** The HTTP status that the backend answered with, or whoever answered in its place. */
  readonly status: number
}

/**
 * A backend answered and did not prove that it is the one the ticket was for. Its answer was not
 * handed out, and `answer.status` says which it was; `status` is what a web server in front
 * answers, 502.
 */
export class UnprovenAnswerError extends RejectedTokenError {
  readonly answer: UnprovenAnswer

  constructor(what: string, answer: UnprovenAnswer, details: ErrorDetails & { code: S4uErrorCode }) {
    const { service, status } = answer
    super(`${service} answered ${status} ${what}`, { ...details, status: 502 })
    this.answer = Object.freeze({ ...answer })
  }
}

/**
 * An answer of these is an error: what fails is said, and nothing is given. RFC 9110 section 15.5
 * and 15.6.
 */
const FIRST_ERROR = 400
const LAST_ERROR = 599

/** What is beyond is no status of HTTP, and no Response can be made with it. */
export function isError(status: number): boolean {
  return status >= FIRST_ERROR && status <= LAST_ERROR
}

/** What to do about an answer without a proof, or with a wrong one. */
export function hintFor(status: number, isWrong = false): string {
  return isError(status) && !isWrong
    ? "The response was not handed out. Servers often put no token on errors: mutualAuthentication: 'optional' hands those out, without what nobody proved."
    : "The response was not handed out. Is the server behind this URL the account that has this service principal name, and does it answer with a token? mutualAuthentication: 'off' believes any server."
}

/**
 * The status of an answer alone, in a response of our own: whoever answers in the server's place
 * can choose no header, no reason and no word of it. Its connection is kept, if what it holds is
 * short.
 */
export function sanitized(response: Response): Response {
  const { status, url } = response
  discard(response).catch(() => {})
  const empty = new Response(null, { status, statusText: STATUS_CODES[status] ?? '' })
  Object.defineProperty(empty, 'url', { value: url, enumerable: true })
  return empty
}
