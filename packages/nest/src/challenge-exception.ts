import type { Challenge } from '@s4u/negotiate'
import { HttpException } from '@nestjs/common'

/**
 * What `NegotiateGuard` throws where a request may not go on. The filter of `S4uModule` answers it
 * as the negotiator says; the headers are in the response already, so that a filter of the app that
 * takes it in its place asks for a token too.
 *
 * @example
 * ```ts
 * import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common'
 * import { ChallengeException } from '@s4u/nest'
 *
 * // Has a page for people whose browser shows no ticket.
 * @Catch(ChallengeException)
 * export class SignInPage implements ExceptionFilter {
 *   catch({ challenge }: ChallengeException, host: ArgumentsHost): void {
 *     const response = host.switchToHttp().getResponse()
 *     response.status(challenge.statusCode).send('Ask the help desk for a ticket.')
 *   }
 * }
 * ```
 */
export class ChallengeException extends HttpException {
  readonly challenge: Challenge
  /** From which Apollo takes the status of its answer. */
  readonly extensions: { readonly code: string; readonly http: { readonly status: number } }

  constructor(challenge: Challenge) {
    super(challenge.body, challenge.statusCode, { cause: challenge.error })
    this.challenge = challenge
    const code = challenge.statusCode === 401 ? 'UNAUTHENTICATED' : 'FORBIDDEN'
    this.extensions = { code, http: { status: challenge.statusCode } }
  }
}
