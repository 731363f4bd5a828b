/**
 * Signs users in whose password has expired or must be changed, and who have typed a new one too.
 */

import type { Acceptor, Identity } from '@s4u/acceptor'
import {
  ConfigurationError,
  KdcError,
  KdcUnreachableError,
  MalformedTokenError,
  MissingKeyError,
  RejectedTokenError,
  S4uError,
} from '@s4u/kdc-client'
import { identifiedOnly } from './identified.js'
import type { DelegationOptions } from '../delegation/delegation-policy.js'
import { signInWithPassword } from './password-sign-in.js'
import type { PasswordSubject, SecretSubject } from './secret-subject.js'
import type { IdentityForOptions } from './identity-for-options.js'
import type { UserClients } from './user-clients.js'

export interface PasswordDeps {
  readonly acceptor: Acceptor
  readonly users: Pick<UserClients, 'of' | 'changePassword'>
  readonly options: { readonly now?: () => number; readonly delegation?: DelegationOptions }
}

/** @throws as `identityFor` with a password or a one-time password */
export async function identityByPassword(
  subject: SecretSubject,
  { method = 'otp' in subject ? 'otp' : 'basic', signal, level }: IdentityForOptions,
  { acceptor, users, options }: PasswordDeps,
): Promise<Identity> {
  const { now = Date.now, delegation } = options
  const keepsTgt = delegation?.forwardedTickets === 'use' && level !== 'identification'
  const signIn = async (one: SecretSubject): Promise<Identity> =>
    signInWithPassword(acceptor, await users.of(one), { method, now, signal, keepsTgt })
  const identity =
    'otp' in subject
      ? await signIn(subject)
      : await signInOrChange(subject, {
          signIn: (password) => signIn({ ...subject, password }),
          change: (newPassword) => users.changePassword(subject, newPassword, signal),
        })
  return level === 'identification' ? identifiedOnly(identity) : identity
}

interface PasswordSteps {
  /** Signs the user in with a password. */
  signIn(password: string): Promise<Identity>
  /** Changes the old password to the new one. @throws PasswordChangeRefusedError among others */
  change(newPassword: string): Promise<unknown>
}

/**
 * Signs in. Where the KDC says that the password has expired, changes it and signs in with the new
 * one. That answer of the KDC is not signed, but it lets no user in: the change needs the old
 * password, and the sign-in after it is judged like any other.
 */
async function signInOrChange(
  { user, password, newPassword }: PasswordSubject,
  { signIn, change }: PasswordSteps,
): Promise<Identity> {
  try {
    return await signIn(password)
  } catch (error) {
    if (newPassword === undefined || !(error instanceof KdcError) || error.code !== 'KDC_ERR_KEY_EXPIRED') throw error
  }
  await change(newPassword)
  return await signIn(newPassword).catch((error: unknown) => {
    throw withHint(error, `The password of ${user} has been changed already: the new one is the right one now.`)
  })
}

/**
 * Returns the same error with another hint in front: the caller must know that the password has
 * been changed, and not try the old one again. It is a new error, since several requests may share
 * the one at hand. Other values, such as the reason of an abort, are returned as they are.
 */
function withHint(error: unknown, done: string): unknown {
  if (!S4uError.is(error)) return error
  const { code, status, message } = error
  const details = { code, status, cause: error, hint: error.hint === undefined ? done : `${done} ${error.hint}` }
  if (error instanceof KdcError) return new KdcError(error.answer, details, error.settings)
  if (error instanceof KdcUnreachableError) return new KdcUnreachableError(error.realm, error.attempts, details)
  if (error instanceof RejectedTokenError) return new RejectedTokenError(message, details)
  if (error instanceof MissingKeyError) return new MissingKeyError(message, details)
  if (error instanceof ConfigurationError) return new ConfigurationError(message, details)
  if (error instanceof MalformedTokenError) return new MalformedTokenError({ ...partsOf(error), ...details })
  return error
}

function partsOf({
  path,
  expected,
  found,
}: MalformedTokenError): Pick<MalformedTokenError, 'path' | 'expected' | 'found'> {
  return { path, expected, found }
}
