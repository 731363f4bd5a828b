import { type ErrorDetails, S4uError, type S4uErrorCode } from '@s4u/krb5'

/**
 * An inner server cannot be reached, or does not take what the gateway has for it. Who runs that
 * server, or the gateway, must act.
 */
export class InnerServerError extends S4uError {
  override readonly name = 'InnerServerError'

  constructor(message: string, details: ErrorDetails & { readonly code: S4uErrorCode }) {
    super(message, { status: 502, ...details })
  }
}
