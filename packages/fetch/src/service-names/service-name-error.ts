import { ConfigurationError, type ErrorDetails } from '@s4u/kdc-client'

/**
 * The host of a URL is not the name of a service: it is an address or `localhost`, or a short name
 * that the directory does not know. Whoever wrote the URL must act.
 *
 * @example
 * ```ts
 * import { fetch, ServiceNameError } from '@s4u/fetch'
 *
 * try {
 *   await fetch('http://orders/')
 * } catch (error) {
 *   if (error instanceof ServiceNameError) console.error('meant is', error.suggestedService)
 * }
 * ```
 */
export class ServiceNameError extends ConfigurationError {
  /**
   * The service principal name that is probably meant: `HTTP/orders.ad.test` for the short name
   * `orders`. Undefined for an address and for `localhost`, which say nothing of it.
   */
  readonly suggestedService: string | undefined

  constructor(message: string, details: ErrorDetails & { readonly suggestedService?: string }) {
    super(message, details)
    this.suggestedService = details.suggestedService
  }
}
