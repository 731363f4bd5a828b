/** The errors of this package, by who must act: the directory's administrator, or the network. */

import { type ErrorDetails, printable, S4uError, type S4uErrorCode } from '@s4u/krb5'

/** What a controller answered, in its own terms. */
export interface DirectoryAnswer {
  /** The operation that was refused: `bind`, `search`, `modify`, `add`, `delete`, `startTls`. */
  readonly operation: string
  /** The number of the result: 50. RFC 4511 section 4.1.9. */
  readonly resultCode: number
  /** The server's own words: `0000202D: … requires an encrypted connection`. */
  readonly diagnostic: string
  /** The part of the name that exists, where the entry itself does not. */
  readonly matchedDn?: string
  /** The number of Windows at the front of the words, which says more than the result: `0x2098`. */
  readonly windowsError?: number
  /** The controller: `dc1.corp.test:389`. */
  readonly server: string
}

/**
 * A controller answered no. `code` is the name of the result in RFC 4511:
 * `insufficientAccessRights`.
 *
 * @example
 * ```ts
 * import { DirectoryError } from '@s4u/directory'
 *
 * export const isMissing = (error: unknown): boolean =>
 *   error instanceof DirectoryError && error.code === 'noSuchObject'
 * ```
 */
export class DirectoryError extends S4uError {
  override readonly name: string = 'DirectoryError'
  readonly answer: DirectoryAnswer

  constructor(code: S4uErrorCode, answer: DirectoryAnswer, details: ErrorDetails = {}) {
    const words = answer.diagnostic === '' ? '' : `: ${printable(answer.diagnostic)}`
    super(`${answer.server} answered the ${answer.operation} with ${code}${words}`, {
      status: 502,
      ...details,
      code,
    })
    this.answer = Object.freeze({ ...answer })
  }
}

/** One controller that could not be asked, and why. */
export interface FailedController {
  /** `dc1.corp.test:389` */
  readonly server: string
  readonly reason: string
}

/**
 * No controller could be reached, or none answered in time. `attempts` has the reason for each of
 * them. `code` is `serverDown`, `timeLimitExceeded` or `noControllerFound`.
 *
 * @example
 * ```ts
 * import { DirectoryUnreachableError } from '@s4u/directory'
 *
 * export const reasonsOf = (error: unknown) =>
 *   error instanceof DirectoryUnreachableError
 *     ? error.attempts.map(({ server, reason }) => `${server}: ${reason}`)
 *     : []
 * ```
 */
export class DirectoryUnreachableError extends S4uError {
  override readonly name = 'DirectoryUnreachableError'
  readonly attempts: readonly FailedController[]

  constructor(
    message: string,
    attempts: readonly FailedController[],
    details: ErrorDetails & { readonly code: S4uErrorCode },
  ) {
    const list = attempts.map(({ server, reason }) => `${server}: ${printable(reason)}`).join('; ')
    super(list === '' ? message : `${message} (${list})`, {
      status: details.code === 'timeLimitExceeded' ? 504 : 503,
      ...details,
    })
    this.attempts = Object.freeze([...attempts])
  }
}
