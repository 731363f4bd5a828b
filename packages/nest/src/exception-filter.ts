import { S4uError } from '@s4u/negotiate'
import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Logger } from '@nestjs/common'
import { STATUS_CODES } from 'node:http'
import { throwError, type Observable } from 'rxjs'
import { ChallengeException } from './challenge-exception.js'
import { exchangeOf } from './exchange.js'

/**
 * Answers challenges as the negotiator says, and errors of s4u with their status and its name only:
 * `403 Forbidden`. The rest of an error goes to Nest's logger.
 */
export class S4uExceptionFilter implements ExceptionFilter {
  readonly #logger = new Logger('S4uModule')

  catch(exception: ChallengeException | S4uError, host: ArgumentsHost): Observable<never> | void {
    const isRoute = host.getType() === 'http'
    if (exception instanceof ChallengeException) {
      if (!isRoute) throw exception
      exchangeOf(host).response?.answer(exception.challenge)
      return
    }
    const { code, message, hint, status = 500 } = exception
    this.#logger.error(`${code}: ${message}${hint === undefined ? '' : `\n${hint}`}`)
    const name = STATUS_CODES[status] ?? 'Error'
    // As RpcException is answered: who has sent the message would wait for ever.
    if (host.getType() === 'rpc') return throwError(() => ({ status: 'error', message: name }))
    // A server of GraphQL writes messages into its answer.
    if (!isRoute) throw new HttpException(name, status)
    const headers = { 'Content-Type': 'text/plain; charset=utf-8' }
    exchangeOf(host).response?.answer({ status: 'challenge', statusCode: status, headers, body: `${name}\n` })
  }
}

Catch(ChallengeException, S4uError)(S4uExceptionFilter)
