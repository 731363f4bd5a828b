import { ConfigurationError, type OneTimePassword } from '@s4u/kdc-client'

/**
 * A user, as in `identityFor`, and the password from a form or from Basic. It is used once and not
 * kept.
 */
export interface PasswordSubject {
  readonly user: string
  readonly password: string
  /**
   * Replaces the password at the KDC where that has expired or must be changed. A password that is
   * still good stays as it is. See `changePassword` of `@s4u/kdc-client`.
   */
  readonly newPassword?: string
}

/**
 * A user, and the one-time password that a token shows; with `password` where the KDC wants that
 * too, or the PIN of the token. It is used once, and is sent in armor only.
 */
export interface OtpSubject {
  readonly user: string
  readonly otp: OneTimePassword
  readonly password?: string
}

/** A user with the secret that the KDC is asked about: a password, or a one-time password. */
export type SecretSubject = PasswordSubject | OtpSubject

/** @throws ConfigurationError when they are not texts: `null` is not the password "null" */
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
