import { closeOptions } from '@s4u/krb5'
import { inGssWords, MAJOR } from '../errors/mit-words.js'
import { requireObject, requireString } from '../errors/parameters.js'
import { withCanonicalHost } from '../names/canonical-host.js'
import { type NamedService, parseService, principalOf } from '../names/service-name.js'
import { CLIENT_OPTIONS, type InitializeClientOptions } from './client-options.js'
import { contextWishes } from './context-wishes.js'
import { KerberosClient } from './kerberos-client.js'
import { namesCredentials, type TicketSource, ticketSource } from './ticket-source.js'

/**
 * Resolves to the client's side of a context with a service. No KDC is asked before the first step.
 *
 * @param service `HTTP@web.ad.test`; also `HTTP/web.ad.test`, and with a realm behind
 * @throws TypeError for arguments of a wrong type
 * @throws KerberosError for a name that is none, and where the credentials that the options name
 * are not there
 * @throws ConfigurationError for options that contradict each other
 * @example
 * ```ts
 * import { GSS_MECH_OID_SPNEGO, initializeClient } from '@s4u/kerberos'
 *
 * const client = await initializeClient('HTTP@web.ad.test', { mechOID: GSS_MECH_OID_SPNEGO })
 * const headers = { authorization: `Negotiate ${await client.step('')}` }
 * const response = await fetch('https://web.ad.test/', { headers })
 * await client.step(response.headers.get('www-authenticate')?.split(' ')[1] ?? '')
 * console.log(client.contextComplete)
 * ```
 */
export async function initializeClient(
  service: string,
  options: InitializeClientOptions = {},
): Promise<KerberosClient> {
  requireString('service', service)
  requireObject('options', options)
  const closed = closeOptions('initializeClient', options, CLIENT_OPTIONS)
  const wishes = contextWishes(closed)
  const named = namedService(service)
  const source = await sourceOf(closed)
  const spn = principalOf(await withCanonicalHost(named, closed.krb5Config))
  return new KerberosClient({ wishes, spn, source })
}

/**
 * Credentials that the options name are looked at now, those of the environment at the first step.
 */
async function sourceOf(options: InitializeClientOptions): Promise<() => Promise<TicketSource>> {
  if (!namesCredentials(options)) return () => ticketSource(options)
  try {
    const source = await ticketSource(options)
    return async () => source
  } catch (error) {
    throw inGssWords(error)
  }
}

function namedService(service: string): NamedService {
  try {
    return parseService(service)
  } catch (error) {
    throw inGssWords(error, { major: MAJOR.BAD_NAME })
  }
}
