/** Users whose password has expired or must be changed, and who have typed a new one beside it. */

import type { Acceptor, Identity } from '@s4u/acceptor'
import { KdcError, KdcUnreachableError, RejectedTokenError } from '@s4u/kdc-client'
import { identifiedOnly } from './identified.js'
import type { NegotiatorOptions } from './negotiator-options.js'
import { type PasswordSubject, type SecretSubject, signInWithPassword } from './password-sign-in.js'
import type { IdentityForOptions } from './protocol-transition.js'
import type { ServiceClient } from './service-client.js'

export interface PasswordDeps {
  readonly acceptor: Acceptor
  readonly client: Pick<ServiceClient, 'ofUser' | 'changePassword'>
  readonly options: NegotiatorOptions
}

/** @throws as `identityFor` with a password, or a one-time password */
export async function identityByPassword(
  subject: SecretSubject,
  { method = 'otp' in subject ? 'otp' : 'basic', signal, level }: IdentityForOptions,
  { acceptor, client, options }: PasswordDeps,
): Promise<Identity> {
  const { now = Date.now, delegation } = options
  const keepsTgt = delegation?.forwardedTickets === 'use' && level !== 'identification'
  const signIn = async (one: SecretSubject): Promise<Identity> =>
    signInWithPassword(acceptor, await client.ofUser(one), { method, now, signal, keepsTgt })
  const identity =
    'otp' in subject
      ? await signIn(subject)
      : await signInOrChange(subject, {
          signIn: (password) => signIn({ ...subject, password }),
          change: (newPassword) => client.changePassword(subject, newPassword, signal),
        })
  return level === 'identification' ? identifiedOnly(identity) : identity
}

interface PasswordSteps {
  /** Signs the user in with a password. */
  signIn(password: string): Promise<Identity>
  /** Changes it from the old one to the new one. @throws PasswordChangeRefusedError among others */
  change(newPassword: string): Promise<unknown>
}

/**
 * Signs in; where the KDC says that the password has expired, changes it and signs in with the new one. Nobody signs what the KDC
 * says there, but it brings nobody in: the change is made with the old password, and the sign-in after it is judged like any.
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

/** Whoever asks must not think that nothing has happened, and try the old password again. */
function withHint(cause: unknown, done: string): unknown {
  if (cause instanceof KdcError) {
    const { code, hint, status } = cause
    return new KdcError(cause.answer, { code, hint: joined(done, hint), status, cause })
  }
  if (cause instanceof KdcUnreachableError)
    return new KdcUnreachableError(cause.realm, cause.attempts, { hint: joined(done, cause.hint), cause })
  if (cause instanceof RejectedTokenError) {
    const { code, hint, status } = cause
    return new RejectedTokenError(cause.message, { code, hint: joined(done, hint), status, cause })
  }
  return cause
}

function joined(done: string, hint: string | undefined): string {
  return hint === undefined ? done : `${done} ${hint}`
}
