import { createKdcClient } from '@s4u/kdc-client'
import { closeOptions } from '@s4u/krb5'
import { inKrb5Words } from '../errors/mit-words.js'
import { requireString, wrongType } from '../errors/parameters.js'
import { parseService, principalOf } from '../names/service-name.js'
import { CHECK_PASSWORD_OPTIONS, type CheckPasswordOptions } from './check-password-options.js'
import { signInProved } from './kdc-proof.js'

/**
 * Resolves to `null` if the password is right. The KDC must then prove itself by a ticket that a
 * key of this machine opens. **Without a keytab nothing proves the KDC**: whoever controls the
 * network can answer in its place and let every password pass. A notice tells of it, and
 * `requireProof` refuses it.
 *
 * @param username `jdoe`, or with a realm `jdoe@AD.TEST`
 * @param password it is in no error and in no log
 * @param service the service whose key proves the KDC: `HTTP/web.ad.test`
 * @param defaultRealm the realm of a name without one. Default: default_realm of krb5.conf
 * @throws TypeError for arguments of a wrong type
 * @throws KerberosError if the password is wrong (`Preauthentication failed (-1765328360)`), has
 * expired, or the account may not sign in; the other errors of a KDC client
 * @throws RejectedTokenError if the KDC does not prove itself
 * @example
 * ```ts
 * import { checkPassword } from '@s4u/kerberos'
 *
 * export async function isRight(user: string, password: string): Promise<boolean> {
 *   return checkPassword(user, password, 'HTTP/web.ad.test', 'AD.TEST').then(
 *     () => true,
 *     (error: Error) => (console.error(error.message), false),
 *   )
 * }
 * ```
 */
export async function checkPassword(
  username: string,
  password: string,
  service: string,
  defaultRealm?: string,
  options: CheckPasswordOptions = {},
): Promise<null> {
  requireString('username', username)
  requireString('password', password)
  requireString('service', service)
  if (defaultRealm && typeof defaultRealm !== 'string')
    throw wrongType('if specified, parameter `defaultRealm` must be a string.')
  const closed = closeOptions('checkPassword', options, CHECK_PASSWORD_OPTIONS)
  try {
    const { kdc, krb5Config } = closed
    const client = createKdcClient({
      ...(kdc !== undefined && { kdc }),
      ...(krb5Config !== undefined && { krb5Config }),
      ...(defaultRealm && { realm: defaultRealm }),
      // Each check asks the KDC: an earlier answer would let a password pass that has changed.
      credentials: { principal: username, password },
    })
    await signInProved(client, principalOf(parseService(service)), closed)
  } catch (error) {
    throw inKrb5Words(error)
  }
  return null
}
