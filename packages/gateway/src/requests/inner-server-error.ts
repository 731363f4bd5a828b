import { type ErrorDetails, S4uError, type S4uErrorCode } from '@s4u/krb5'

interface InnerServerErrorDetails extends ErrorDetails {
  readonly code: S4uErrorCode
  readonly isOfKeptConnection?: boolean
}

/**
 * An inner server cannot be reached, or does not take what the gateway has for it. Who runs that
 * server, or the gateway, must act.
 */
export class InnerServerError extends S4uError {
  override readonly name = 'InnerServerError'
  /**
   * Whether the connection had served a request before: the server may have closed it at the very
   * moment when it was used again.
   */
  readonly isOfKeptConnection: boolean

  constructor(message: string, { isOfKeptConnection = false, ...details }: InnerServerErrorDetails) {
    super(message, { status: 502, ...details })
    this.isOfKeptConnection = isOfKeptConnection
  }
}
