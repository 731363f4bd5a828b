import { closeOptions, MissingKeyError } from '@s4u/krb5'
import { inGssWords, MAJOR } from '../errors/mit-words.js'
import { requireObject, requireString } from '../errors/parameters.js'
import { serviceOf } from './acceptors.js'
import { KerberosServer } from './kerberos-server.js'
import { type InitializeServerOptions, SERVER_OPTIONS } from './server-options.js'

/**
 * Resolves to the service's side of a context with one client. The keys are those of the keytab of
 * this machine (KRB5_KTNAME), unless the options name another one.
 *
 * @param service `HTTP@web.ad.test`; `HTTP` for every host of the keytab; an empty text for every
 * name in it
 * @throws TypeError for arguments of a wrong type
 * @throws KerberosError if the keytab has no key of the service
 * @example
 * ```ts
 * import { initializeServer } from '@s4u/kerberos'
 *
 * export async function callerOf(authorization: string): Promise<string> {
 *   const server = await initializeServer('HTTP@web.ad.test')
 *   await server.step(authorization.replace('Negotiate ', ''))
 *   return server.username
 * }
 * ```
 */
export async function initializeServer(
  service: string,
  options: InitializeServerOptions = {},
): Promise<KerberosServer> {
  requireString('service', service)
  requireObject('options', options)
  const closed = closeOptions('initializeServer', options, SERVER_OPTIONS)
  try {
    return new KerberosServer(serviceOf(service, closed))
  } catch (error) {
    throw inGssWords(error, error instanceof MissingKeyError ? missing(service) : {})
  }
}

function missing(service: string) {
  return { major: MAJOR.NO_CRED, minor: `No key table entry found matching ${service.replace('@', '/')}@` }
}
