import { type CallerIdentity, RejectedTokenError, type SignInRequest, type SignInSite } from '@s4u/negotiate'
import { requireUserName } from './user-name.js'

/** A name and a password, as they were typed. */
export interface TypedPassword {
  readonly user: string
  readonly password: string
  /** In place of a password that has expired. */
  readonly newPassword?: string
}

/** More than any directory takes: 256 characters in Windows. */
const MAX_PASSWORD = 1_024

/**
 * Lets the KDC check a password, with the attempts counted. Names and passwords that cannot be any
 * are refused as wrong ones, so that all wrong answers are alike.
 * @throws TooManyAttemptsError, and what `identityFor` throws for a password
 */
export function checkPassword(
  site: Pick<SignInSite, 'attempts' | 'identityFor'>,
  { clientAddress }: Pick<SignInRequest, 'clientAddress'>,
  typed: TypedPassword,
  method: string,
): Promise<CallerIdentity> {
  const user = typed.user.trim()
  return site.attempts.check({ user, clientAddress }, async () => {
    requireUserName(user)
    requirePassword(typed.password)
    if (typed.newPassword !== undefined) requirePassword(typed.newPassword)
    return site.identityFor({ ...typed, user }, { method })
  })
}

function requirePassword(password: string): void {
  if (password !== '' && password.length <= MAX_PASSWORD && !/\p{Cs}/u.test(password)) return
  throw new RejectedTokenError('what was given is no password', { code: 'KDC_ERR_PREAUTH_FAILED' })
}
