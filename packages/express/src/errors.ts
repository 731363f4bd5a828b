import { STATUS_CODES } from 'node:http'
import { closeOptions, ConfigurationError, type OptionTableOf, S4uError } from '@s4u/negotiate'
import type { ErrorRequestHandler, NextFunction, Request, RequestHandler } from 'express'

export interface ErrorHandlerOptions {
  /**
   * Where the error goes, with its `code` and `hint`: they are for whoever runs the service.
   * Default: `console.error`.
   */
  readonly onError?: (error: S4uError, request: Request) => void
}

const OPTIONS = { onError: 'value' } as const satisfies OptionTableOf<ErrorHandlerOptions>

/**
 * Answers errors of s4u with their status and its name alone: `403 Forbidden`. The handler that
 * Express has by itself sends the stack to the browser wherever NODE_ENV is not `production`,
 * whatever an error says of `expose`, and with it the names of accounts and services. All other
 * errors go on to the next handler. Put it behind the routes:
 *
 *     app.use(errorHandler())
 *
 * @throws ConfigurationError at once
 */
export function errorHandler(options?: ErrorHandlerOptions): ErrorRequestHandler {
  const { onError = logError } = closeOptions('errorHandler', options, OPTIONS)
  if (typeof onError !== 'function') throw new ConfigurationError('errorHandler: onError must be a function')
  return (error: unknown, request, response, next) => {
    // What has begun cannot be answered otherwise: Express ends the connection.
    if (!S4uError.is(error) || response.headersSent) return next(error)
    onError(error, request)
    // An older copy of the package knows no status.
    const { status = 500 } = error
    response.status(status).type('text/plain').send(`${STATUS_CODES[status]}\n`)
  }
}

/**
 * Hands what an asynchronous handler rejects with to `next`. Express 5 does so by itself; Express 4
 * looks at no promise, and a refused delegation would be an unhandled rejection, which ends the
 * process, and with it the requests of everybody else.
 *
 *     app.get('/orders', asyncHandler(async (req, res) => { … }))
 */
export function asyncHandler(handler: (...args: Parameters<RequestHandler>) => unknown): RequestHandler {
  return (request, response, next) => {
    // Not `async`: what a handler throws at once is Express's own to catch.
    const result = handler(request, response, next)
    if (isPromise(result)) result.then(undefined, failing(next))
  }
}

/**
 * Express takes `next()` for leave to go on: whoever rejects with nothing has not given it. As
 * Express 5 does.
 */
export function failing(next: NextFunction): (reason: unknown) => void {
  return (reason) => next(reason || new Error('Rejected promise'))
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}

function logError(error: S4uError): void {
  // As Express does by itself with errors that nobody handles.
  // oxlint-disable-next-line no-console
  console.error(error)
}
