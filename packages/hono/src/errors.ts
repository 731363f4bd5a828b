import { STATUS_CODES } from 'node:http'
import { closeOptions, ConfigurationError, type OptionTableOf, S4uError } from '@s4u/negotiate'
import type { Context, ErrorHandler } from 'hono'

/** Options of `errorHandler`. */
export interface ErrorHandlerOptions {
  /**
   * Receives each error, with its `code` and `hint`, for the operator's log. Default:
   * `console.error`.
   */
  readonly onError?: (error: S4uError, c: Context) => void
  /**
   * Answers all other errors. Default: as Hono does, with the response of an `HTTPException`, and
   * 500 for the rest, which it logs.
   */
  readonly otherwise?: ErrorHandler
}

const OPTIONS = {
  onError: 'value',
  otherwise: 'value',
} as const satisfies OptionTableOf<ErrorHandlerOptions>

/**
 * Returns a handler that answers errors of s4u with their status and its name only: `403
 * Forbidden`. Hono itself answers them with 500.
 *
 * ```ts
 * import { errorHandler } from '@s4u/hono'
 * import { Hono } from 'hono'
 *
 * const app = new Hono()
 * app.onError(errorHandler())
 * ```
 *
 * @throws ConfigurationError at once
 */
export function errorHandler(options?: ErrorHandlerOptions): ErrorHandler {
  const { onError = logError, otherwise = asHono } = closeOptions('errorHandler', options, OPTIONS)
  requireFunction('onError', onError)
  requireFunction('otherwise', otherwise)
  return (error, c) => {
    if (!S4uError.is(error)) return otherwise(error, c)
    onError(error, c)
    // An older copy of the package knows no status.
    const { status = 500 } = error
    return c.text(`${STATUS_CODES[status]}\n`, new Response(null, { status }))
  }
}

/** What Hono does without a handler of errors; it does not export that. */
const asHono: ErrorHandler = (error, c) => {
  if ('getResponse' in error) {
    const answer = error.getResponse()
    return c.newResponse(answer.body, answer)
  }
  logError(error)
  return c.text('Internal Server Error', 500)
}

function requireFunction(name: string, value: unknown): void {
  if (typeof value !== 'function') throw new ConfigurationError(`errorHandler: ${name} must be a function`)
}

function logError(error: Error): void {
  // Hono does the same with an error that no handler takes.
  // oxlint-disable-next-line no-console
  console.error(error)
}
