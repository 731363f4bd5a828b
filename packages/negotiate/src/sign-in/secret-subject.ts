import { ConfigurationError, type OneTimePassword } from '@s4u/kdc-client'

/**
 * A user, as in `identityFor`, and the password that was typed into a form or came with Basic. It
 * is used once, and not kept.
 */
export interface PasswordSubject {
  readonly user: string
  readonly password: string
  /**
   * Takes its place at the KDC where the password has expired or must be changed, and is used for
   * nothing else: one that is good stays as it is. See `changePassword` of `@s4u/kdc-client`.
   */
  readonly newPassword?: string
}

/**
 * A user, and the one-time password that a token shows; with `password` where the KDC wants that
 * too, or the PIN of the token. It is used once, and goes to the KDC in armor alone.
 */
export interface OtpSubject {
  readonly user: string
  readonly otp: OneTimePassword
  readonly password?: string
}

export type SecretSubject = PasswordSubject | OtpSubject

/** @throws ConfigurationError when they are no texts: `null` is not the password "null" */
export function isSecretSubject(subject: unknown): subject is SecretSubject {
  if (typeof subject !== 'object' || subject === null || !('password' in subject || 'otp' in subject)) return false
  const isUser = 'user' in subject && typeof subject.user === 'string'
  const isPassword = 'password' in subject ? typeof subject.password === 'string' : true
  const isOtp = 'otp' in subject ? typeof subject.otp === 'string' || typeof subject.otp === 'function' : true
  const isNewOne = !('newPassword' in subject) || ['string', 'undefined'].includes(typeof subject.newPassword)
  if (isUser && isPassword && isOtp && isNewOne) return true
  throw new ConfigurationError('identityFor: user, password and otp must be texts', {
    hint: 'Refuse a form that leaves one out, or sends something else.',
  })
}
