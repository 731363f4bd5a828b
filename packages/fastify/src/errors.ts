import { STATUS_CODES } from 'node:http'
import { closeOptions, ConfigurationError, type OptionTableOf, S4uError } from '@s4u/negotiate'
import type { FastifyReply, FastifyRequest } from 'fastify'

/** Options of `errorHandler`. */
export interface ErrorHandlerOptions {
  /**
   * Receives each error, with its `code` and `hint`, for the operator's log. Default:
   * `request.log.error(error)`, which writes nothing where Fastify has no `logger`.
   */
  readonly onError?: (error: S4uError, request: FastifyRequest) => void
}

const OPTIONS = { onError: 'value' } as const satisfies OptionTableOf<ErrorHandlerOptions>

/**
 * Returns a handler that answers errors of s4u with their status and its name only: `403
 * Forbidden`. All other errors go on to the handler of the app around:
 *
 * ```ts
 * import { errorHandler } from '@s4u/fastify'
 * import Fastify from 'fastify'
 *
 * const app = Fastify({ logger: true })
 * app.setErrorHandler(errorHandler())
 * ```
 *
 * The default handler of Fastify sends the message of an error to the browser, and with it the
 * names of accounts and services.
 *
 * @throws ConfigurationError at once
 */
export function errorHandler(
  options?: ErrorHandlerOptions,
): (error: unknown, request: FastifyRequest, reply: FastifyReply) => void {
  const { onError = logError } = closeOptions('errorHandler', options, OPTIONS)
  if (typeof onError !== 'function') throw new ConfigurationError('errorHandler: onError must be a function')
  return (error, request, reply) => {
    if (!S4uError.is(error)) return void reply.send(error)
    onError(error, request)
    // An older copy of the package knows no status.
    const { status = 500 } = error
    reply.code(status).type('text/plain; charset=utf-8').send(`${STATUS_CODES[status]}\n`)
  }
}

function logError(error: S4uError, request: FastifyRequest): void {
  request.log.error(error)
}
