/**
 * The errors of s4u: one base class, and one subclass for each party who must act.
 *
 * `code` is the protocol's own name for what went wrong (`KRB_AP_ERR_SKEW`). `hint` says what to
 * do. `stack` contains the hint too, since many logs show only the stack. No message, hint or
 * property ever carries a token, a ticket, a key or a password. A message is always one line,
 * whatever characters are in the names it shows.
 */

import type { S4uErrorCode } from './error-codes.js'
import { helpOf } from './error-help.js'
import { inspectCustom, inspectedWithHintOnce, showHintInStack } from './error-stack.js'
import { printable } from './printable.js'

/** Marks an error as one of s4u, also when a second copy of the package has made it. */
const brand = Symbol.for('s4u.error')

/** What an error says besides its message. */
export interface ErrorDetails {
  /** The protocol's own name: `KRB_AP_ERR_SKEW`, `KDC_ERR_BADOPTION`, `GSS_S_DEFECTIVE_TOKEN`. */
  readonly code?: S4uErrorCode
  /** What the reader of the log should do about it, in one or two sentences. */
  readonly hint?: string
  readonly cause?: unknown
  /**
   * The HTTP status with which a web server answers the request that failed. Default: that of the
   * class, else 500.
   */
  readonly status?: ErrorStatus
}

/**
 * The HTTP status with which a web server answers when its handler fails with an error of s4u. 400,
 * 401, 408, 413 and 415: the caller must act. 403: another try does not help. 404 and 421: nothing
 * is here under this name. 429: the caller must wait. 500: this service is at fault. 502: a KDC or
 * a backend is. 503 and 504: a later try may succeed. RFC 9110 section 15, RFC 6585 section 4.
 */
export type ErrorStatus = 400 | 401 | 403 | 404 | 408 | 413 | 415 | 421 | 429 | 500 | 502 | 503 | 504

/**
 * The base class of every error of s4u.
 *
 * @example
 * ```ts
 * import { parsePrincipal, S4uError } from '@s4u/krb5'
 *
 * try {
 *   parsePrincipal('')
 * } catch (error) {
 *   if (!S4uError.is(error)) throw error
 *   console.error(error.code, error.message, error.hint, error.help)
 * }
 * ```
 */
export abstract class S4uError extends Error {
  abstract override readonly name: string
  readonly code: S4uErrorCode
  readonly hint: string | undefined
  /**
   * The HTTP status that fits, where Express, Koa and others look for it. Code that knows better
   * may change it: bytes that a user sent are a 400, and the same bytes sent by a KDC are a 502.
   */
  declare status: ErrorStatus
  /** The same number as `status`, under the name that Fastify and others read. */
  declare statusCode: ErrorStatus
  /**
   * Always false: frameworks must not send the message to the client. Messages name accounts,
   * services and settings, which only the log may have.
   */
  declare readonly expose: false

  constructor(message: string, details: ErrorDetails & { readonly code: S4uErrorCode }) {
    super(printable(message), details.cause === undefined ? undefined : { cause: details.cause })
    this.code = details.code
    this.hint = details.hint?.split('\n').map(printable).join('\n')
    // A second stack costs more than all the rest. Damaged tokens, of which peers can send any
    // number, have no hint and so cost no second stack.
    if (this.hint !== undefined) showHintInStack(this)
    // Not enumerable: these properties are for frameworks, and would only be noise when an error is
    // printed.
    Object.defineProperties(this, {
      [brand]: { value: true },
      status: { value: details.status ?? 500, writable: true },
      statusCode: {
        get: () => this.status,
        set: (status: ErrorStatus) => {
          this.status = status
        },
      },
      // http-errors, and so `ctx.throw(403, error)` of Koa, writes true here. That must neither
      // fail nor have an effect.
      expose: { get: () => false, set: () => {} },
    })
  }

  /**
   * The address of the page that says what the code means, what to do, and by which commands. The
   * hint knows more: the names and the settings of this case.
   */
  get help(): string {
    return helpOf(this.code)
  }

  /**
   * Returns what `console.error` prints: as for every error, but without a second copy of the hint,
   * which the stack contains already.
   */
  [inspectCustom](_depth: number, options: object, inspect: (value: unknown, options: object) => string): string {
    return inspectedWithHintOnce(this, options, inspect)
  }

  /**
   * Tells whether a value is an error of s4u, also when a second copy of the package has made it
   * (`instanceof` would not notice).
   *
   * @example
   * ```ts
   * import { S4uError } from '@s4u/krb5'
   *
   * export function codeOf(error: unknown): string | undefined {
   *   return S4uError.is(error) ? error.code : undefined
   * }
   * ```
   */
  static is(value: unknown): value is S4uError {
    return value instanceof Error && brand in value
  }
}

/** What was expected at a place of a message, and what was found. */
export interface MalformedDetails extends ErrorDetails {
  /** The place in the message: `AP-REQ.ticket.enc-part.kvno`. */
  readonly path: string
  readonly expected: string
  readonly found: string
}

/**
 * The bytes that a peer sent are not what the specification says. The peer must act.
 *
 * @example
 * ```ts
 * import { MalformedTokenError } from '@s4u/krb5'
 *
 * export const placeOf = (error: unknown) =>
 *   error instanceof MalformedTokenError ? `${error.path}: ${error.found}` : undefined
 * ```
 */
export class MalformedTokenError extends S4uError {
  override readonly name = 'MalformedTokenError'
  readonly path: string
  readonly expected: string
  readonly found: string

  constructor(details: MalformedDetails) {
    super(`${details.path}: expected ${details.expected}, found ${details.found}`, {
      code: 'GSS_S_DEFECTIVE_TOKEN',
      status: 400,
      ...details,
    })
    this.path = printable(details.path)
    this.expected = printable(details.expected)
    this.found = printable(details.found)
  }
}

/**
 * The bytes that a peer sent are well formed, but their claim is not accepted: the ticket has
 * expired, is a replay, is for another service, or is forged. The peer must act.
 *
 * @example
 * ```ts
 * import { RejectedTokenError } from '@s4u/krb5'
 *
 * // A clock that is off is a matter of the machine, and no attack.
 * export const isClock = (error: unknown) =>
 *   error instanceof RejectedTokenError && error.code === 'KRB_AP_ERR_SKEW'
 * ```
 */
export class RejectedTokenError extends S4uError {
  override readonly name = 'RejectedTokenError'

  constructor(message: string, details: ErrorDetails & { readonly code: S4uErrorCode }) {
    super(message, { status: 401, ...details })
  }
}

/**
 * The keytab has no key that fits. The person who maintains the keytab must act.
 *
 * @example
 * ```ts
 * import { MissingKeyError } from '@s4u/krb5'
 *
 * // Whether the operator has to look at the keytab: the hint says for which name and version.
 * export const needsKeytab = (error: unknown) => error instanceof MissingKeyError && error.hint
 * ```
 */
export class MissingKeyError extends S4uError {
  override readonly name = 'MissingKeyError'

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, { code: 'KRB_AP_ERR_NOKEY', status: 500, ...details })
  }
}

/**
 * An option, a file or an argument is wrong. The developer or the operator of this service must
 * act.
 *
 * @example
 * ```ts
 * import { ConfigurationError } from '@s4u/krb5'
 *
 * // A program that ends with a sentence in place of a stack when an option is wrong.
 * process.on('uncaughtException', (error) => {
 *   console.error(error instanceof ConfigurationError ? `${error.message}\n${error.hint}` : error)
 *   process.exit(1)
 * })
 * ```
 */
export class ConfigurationError extends S4uError {
  override readonly name = 'ConfigurationError'

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, { code: 'KRB5_CONFIG_BADFORMAT', status: 500, ...details })
  }
}
