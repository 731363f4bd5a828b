import { STATUS_CODES } from 'node:http'
import { closeOptions, ConfigurationError, type OptionTableOf, S4uError } from '@s4u/negotiate'
import type { ErrorRequestHandler, NextFunction, Request, RequestHandler } from 'express'

/** Options of `errorHandler`. */
export interface ErrorHandlerOptions {
  /**
   * Receives each error, with its `code` and `hint`, for the operator's log. Default:
   * `console.error`.
   */
  readonly onError?: (error: S4uError, request: Request) => void
}

const OPTIONS = { onError: 'value' } as const satisfies OptionTableOf<ErrorHandlerOptions>

/**
 * Returns a handler that answers errors of s4u with their status and its name only: `403
 * Forbidden`. All other errors go on to the next handler. Put it behind the routes:
 *
 * ```ts
 * import { errorHandler } from '@s4u/express'
 * import express from 'express'
 *
 * const app = express()
 * app.use(errorHandler())
 * ```
 *
 * The default handler of Express sends the stack to the browser unless NODE_ENV is `production`,
 * whatever the error says of `expose`, and with it the names of accounts and services.
 *
 * @throws ConfigurationError at once
 */
export function errorHandler(options?: ErrorHandlerOptions): ErrorRequestHandler {
  const { onError = logError } = closeOptions('errorHandler', options, OPTIONS)
  if (typeof onError !== 'function') throw new ConfigurationError('errorHandler: onError must be a function')
  return (error: unknown, request, response, next) => {
    // A response that has begun cannot get another status: Express ends the connection.
    if (!S4uError.is(error) || response.headersSent) return next(error)
    onError(error, request)
    // An older copy of the package knows no status.
    const { status = 500 } = error
    response.status(status).type('text/plain').send(`${STATUS_CODES[status]}\n`)
  }
}

/**
 * Returns a handler that passes the rejection of an asynchronous handler to `next`. Express 5 does
 * this by itself. Express 4 ignores promises: a refused delegation would be an unhandled rejection,
 * which ends the process and all its requests.
 *
 * ```ts
 * import { asyncHandler } from '@s4u/express'
 * import express from 'express'
 *
 * const app = express()
 * app.get('/orders', asyncHandler(async (req, res) => {
 *   using caller = req.identity.impersonate()
 *   const orders = await caller.fetch('https://api.ad.test/orders')
 *   res.json(await orders.json())
 * }))
 * ```
 */
export function asyncHandler(handler: (...args: Parameters<RequestHandler>) => unknown): RequestHandler {
  return (request, response, next) => {
    // Not `async`: Express itself catches what a handler throws at once.
    const result = handler(request, response, next)
    if (isPromise(result)) result.then(undefined, failing(next))
  }
}

/**
 * Passes a rejection on as an error. Express takes `next()` for permission to go on, so a rejection
 * without a reason gets one, as in Express 5.
 */
export function failing(next: NextFunction): (reason: unknown) => void {
  return (reason) => next(reason || new Error('Rejected promise'))
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}

function logError(error: S4uError): void {
  // Express does the same with an error that no handler takes.
  // oxlint-disable-next-line no-console
  console.error(error)
}
