import { formatPrincipal, MissingKeyError, S4uError } from '@s4u/krb5'
import { KerberosError } from '../errors/kerberos-error.js'
import { requireString } from '../errors/parameters.js'
import { readKeytab } from './read-keytab.js'

/**
 * Resolves to the principal of a service in the keytab of this machine: the first one whose name is
 * `service/hostname`, in whatever realm.
 *
 * @param service `HTTP`
 * @param hostname `web.ad.test`
 * @throws TypeError
 * @throws KerberosError if there is no such key (`Principal not found in keytab (-1)`), or no
 * keytab
 * @example
 * ```ts
 * import { principalDetails } from '@s4u/kerberos'
 *
 * // HTTP/web.ad.test@AD.TEST
 * console.log(await principalDetails('HTTP', 'web.ad.test'))
 * ```
 */
export async function principalDetails(service: string, hostname: string): Promise<string> {
  requireString('service', service)
  requireString('hostname', hostname)
  const principal = entriesOfKeytab().find(
    ({ principal: { name } }) =>
      name.nameString.length === 2 && name.nameString[0] === service && name.nameString[1] === hostname,
  )?.principal
  if (principal !== undefined) return formatPrincipal(principal)
  throw new KerberosError(
    'Principal not found in keytab (-1)',
    new MissingKeyError('the keytab has no key of this service', {
      code: 'KRB5_KT_NOTFOUND',
      hint: 'List the keytab (klist -k), and name another file in KRB5_KTNAME if it is the wrong one.',
    }),
  )
}

function entriesOfKeytab() {
  try {
    return readKeytab(undefined).entries
  } catch (error) {
    if (!S4uError.is(error)) throw error
    throw new KerberosError(`Cannot get sequence cursor from keytab: ${error.message}`, error)
  }
}
