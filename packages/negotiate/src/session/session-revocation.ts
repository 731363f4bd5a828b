import type { AuthenticationMethod } from '@s4u/acceptor'
import { RejectedTokenError, requireGiven } from '@s4u/kdc-client'

/**
 * The facts about a session, for its app. It holds no secret, so that a copy of it cannot be used
 * as a session.
 */
export interface Session {
  readonly kind: 'cookie' | 'connection'
  /** 22 characters of base64url, different for each session. */
  readonly id: string
  /** `alice@AD.TEST` */
  readonly principal: string
  /**
   * The SID of the user, where the ticket has it. A name may later belong to another user, a SID
   * never.
   */
  readonly sid?: string
  readonly authenticationMethod: AuthenticationMethod
  /** When the user authenticated, milliseconds since the epoch. */
  readonly startedAt: number
  /** When the session ends by itself, milliseconds since the epoch. */
  readonly expiresAt: number
}

/**
 * Whether a session has been ended early. Asked with each request that shows one, so answer from
 * memory or from a cache.
 *
 *     isRevoked: ({ id, sid, startedAt }) =>
 *       endedIds.has(id) || startedAt < (signedOutAt.get(sid) ?? 0)
 */
export type IsRevoked = (session: Session) => boolean | Promise<boolean>

/**
 * How long an answer may take, milliseconds. A caller is waiting, and a look-up that hangs must not
 * pile up requests.
 */
const TIME_LIMIT = 2_000

/**
 * The code for a session about which there was no answer. Its cookie stays: the next request may
 * get one.
 */
export const UNKNOWN = 'S4U_SESSION_REVOCATION_UNKNOWN'

/**
 * Requires the answer `false`: a look-up that fails must not let in a user who was shut out.
 * @throws RejectedTokenError S4U_SESSION_REVOKED, S4U_SESSION_REVOCATION_UNKNOWN
 */
export async function requireUnrevoked(isRevoked: IsRevoked | undefined, session: Session): Promise<void> {
  if (isRevoked === undefined) return
  let answer: unknown
  try {
    answer = await withinLimit(isRevoked(session))
  } catch (cause) {
    throw unknown(cause)
  }
  if (answer === false) return
  if (answer !== true) throw unknown(new TypeError('isRevoked must answer true or false'))
  throw new RejectedTokenError(`the session of ${session.principal} was revoked`, { code: 'S4U_SESSION_REVOKED' })
}

/** @throws ConfigurationError for what is not a session */
export function requireSession(value: unknown): void {
  requireGiven('sessionGoesOn: the session', value, ['kind', 'id', 'startedAt', 'expiresAt'], NO_SESSION)
}

const NO_SESSION =
  'Give outcome.session or negotiator.sessionOf(request). Where these are undefined, no sign-out can be told of: ' +
  'refuse what would outlive the request, or end it at identity.expiresAt.'

function unknown(cause: unknown): RejectedTokenError {
  return new RejectedTokenError('nobody can tell whether the session was revoked', {
    code: UNKNOWN,
    hint: 'session.isRevoked failed, see the cause: until it answers, callers have to show a ticket with each request.',
    cause,
  })
}

async function withinLimit(answer: boolean | Promise<boolean>): Promise<boolean> {
  if (typeof answer === 'boolean') return answer
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${TIME_LIMIT} ms`)), TIME_LIMIT)
  })
  try {
    return await Promise.race([answer, late])
  } finally {
    clearTimeout(timer)
  }
}
