import type { AuthenticationMethod } from '@s4u/acceptor'
import { RejectedTokenError } from '@s4u/kdc-client'

/**
 * What is known of a session, to its app and to whoever may end it. Holds no secret: nobody can
 * make a session of it.
 */
export interface Session {
  readonly kind: 'cookie' | 'connection'
  /** Another one for each session: 22 characters of base64url. */
  readonly id: string
  /** `alice@AD.TEST` */
  readonly principal: string
  /** Of the user, where the ticket tells: the name may come to be another user's, this never. */
  readonly sid?: string
  readonly authenticationMethod: AuthenticationMethod
  /** When the user authenticated, milliseconds since the epoch. */
  readonly startedAt: number
  /** When it ends by itself, milliseconds since the epoch. */
  readonly expiresAt: number
}

/**
 * Whether a session must not be believed any more. Asked with each request that shows one: look it
 * up in memory, or with a cache in front.
 *
 *     isRevoked: ({ id, sid, startedAt }) =>
 *       endedIds.has(id) || startedAt < (signedOutAt.get(sid) ?? 0)
 */
export type IsRevoked = (session: Session) => boolean | Promise<boolean>

/** A caller is waiting, and a look-up that hangs must not pile up requests. Milliseconds. */
const TIME_LIMIT = 2_000

/**
 * Nobody could say whether the session was revoked. Its cookie stays: the next request may have an
 * answer.
 */
export const UNKNOWN = 'S4U_SESSION_REVOCATION_UNKNOWN'

/**
 * Anything but a clear no ends it: what cannot tell must not let in who was shut out.
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
