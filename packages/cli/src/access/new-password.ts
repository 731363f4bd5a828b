import { changePassword, type KdcClientOptions, type KdcCredentials, KdcError } from '@s4u/kdc-client'
import type { Session } from '../terminal/session.js'
import { UsageError } from '../usage-error.js'

type Settings = Omit<KdcClientOptions, 'credentials'>

/**
 * Signs in, and where the password has expired and somebody sits at the terminal, asks for a new
 * one and signs in with that, as kinit does.
 */
export async function newPasswordFor<T>(
  credentials: KdcCredentials,
  settings: Settings,
  session: Session,
  signIn: (credentials: KdcCredentials) => Promise<T>,
): Promise<T> {
  try {
    return await signIn(credentials)
  } catch (error) {
    const isExpired = error instanceof KdcError && error.code === 'KDC_ERR_KEY_EXPIRED'
    if (!isExpired || !session.isInteractive || !('password' in credentials) || 'otp' in credentials) throw error
    session.tell('The password has expired and must be changed now.')
    const newPassword = await askNewPassword(session)
    const { principal, password, enterprise } = credentials
    const { forwardable: _forwardable, pac: _pac, domains: _domains, cache: _cache, ...asking } = settings
    const { signal } = session
    await changePassword({ ...asking, principal, oldPassword: password, newPassword, enterprise, signal })
    return signIn({ ...credentials, password: newPassword })
  }
}

/**
 * Asks twice, because the screen does not show what is typed. @throws UsageError where the two
 * differ
 */
export async function askNewPassword({ askSecret }: Session): Promise<string> {
  const first = await askSecret('New password: ')
  const second = await askSecret('New password again: ')
  if (first === second) return first
  throw new UsageError('the two new passwords differ', 'Nothing has been changed. Type the same one twice.')
}
