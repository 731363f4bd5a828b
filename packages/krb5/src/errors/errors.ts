/**
 * The errors of s4u: one base class, one subclass for each party who must act.
 *
 * `code` is the protocol's own name for what went wrong (`KRB_AP_ERR_SKEW`), `hint` says what to do.
 * `stack` has the hint too, since many logs show that alone.
 * No message, hint or property ever carries a token, a ticket, a key or a password. A message is one line, whatever the names in it.
 */

import type { S4uErrorCode } from './error-codes.js'
import { inspectCustom, inspectedWithHintOnce, showHintInStack } from './error-stack.js'
import { printable } from './printable.js'

/** Marks an error of s4u even when a second copy of the package made it. */
const brand = Symbol.for('s4u.error')

export interface ErrorDetails {
  /** The protocol's own name: `KRB_AP_ERR_SKEW`, `KDC_ERR_BADOPTION`, `GSS_S_DEFECTIVE_TOKEN`. */
  readonly code?: S4uErrorCode
  /** What the reader of the log should do about it, in one or two sentences. */
  readonly hint?: string
  readonly cause?: unknown
  /** The HTTP status of an answer to a request that failed for this. Default: that of the class, else 500. */
  readonly status?: ErrorStatus
}

/**
 * What a web server answers whose handler fails with an error of s4u. 400 and 401 are the caller's
 * to mend, 403 is a no that stays one; 500 is this service's own fault, 502 a KDC's or a backend's,
 * 503 and 504 are worth another try. RFC 9110 section 15.
 */
export type ErrorStatus = 400 | 401 | 403 | 500 | 502 | 503 | 504

export abstract class S4uError extends Error {
  abstract override readonly name: string
  readonly code: S4uErrorCode
  readonly hint: string | undefined
  /**
   * The HTTP status that fits, where Express, Koa and others look for it. A layer that knows better
   * may change it: bytes that a user sent are a 400, and the same bytes of a KDC a 502.
   */
  declare status: ErrorStatus
  /** As `status`, under the name that Fastify and others read. */
  declare statusCode: ErrorStatus
  /**
   * Never: messages name accounts, services and settings, which are for the log and not for whoever
   * sent the request.
   */
  declare readonly expose: false

  constructor(message: string, details: ErrorDetails & { readonly code: S4uErrorCode }) {
    super(printable(message), details.cause === undefined ? undefined : { cause: details.cause })
    this.code = details.code
    this.hint = details.hint?.split('\n').map(printable).join('\n')
    // A second stack costs more than all the rest, and damaged tokens, of which peers send any number, have no hint.
    if (this.hint !== undefined) showHintInStack(this)
    // Not enumerable: they are for frameworks, and would only be noise in what is printed.
    Object.defineProperties(this, {
      [brand]: { value: true },
      status: { value: details.status ?? 500, writable: true },
      statusCode: {
        get: () => this.status,
        set: (status: ErrorStatus) => {
          this.status = status
        },
      },
      // http-errors, and so `ctx.throw(403, error)` of Koa, writes true here: that must neither
      // fail nor succeed.
      expose: { get: () => false, set: () => {} },
    })
  }

  /** For `console.error`: as every error, and the hint, which is in the stack, not a second time. */
  [inspectCustom](_depth: number, options: object, inspect: (value: unknown, options: object) => string): string {
    return inspectedWithHintOnce(this, options, inspect)
  }

  /** True for every error of s4u, whichever copy of the package made it. */
  static is(value: unknown): value is S4uError {
    return value instanceof Error && brand in value
  }
}

export interface MalformedDetails extends ErrorDetails {
  /** Where in the message it happened: `AP-REQ.ticket.enc-part.kvno`. */
  readonly path: string
  readonly expected: string
  readonly found: string
}

/** The peer's bytes are not what the specification says they are. The peer must act. */
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

/** The peer's bytes are well formed, and what they claim is not accepted: expired, replayed, not for us, forged. */
export class RejectedTokenError extends S4uError {
  override readonly name = 'RejectedTokenError'

  constructor(message: string, details: ErrorDetails & { readonly code: S4uErrorCode }) {
    super(message, { status: 401, ...details })
  }
}

/** The keytab has no key that fits. Whoever keeps the keytab must act. */
export class MissingKeyError extends S4uError {
  override readonly name = 'MissingKeyError'

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, { code: 'KRB_AP_ERR_NOKEY', status: 500, ...details })
  }
}

/** An option, a file or a call of ours is wrong. The developer or operator of this service must act. */
export class ConfigurationError extends S4uError {
  override readonly name = 'ConfigurationError'

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, { code: 'KRB5_CONFIG_BADFORMAT', status: 500, ...details })
  }
}
