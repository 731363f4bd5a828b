/**
 * The API of npm `kerberos` 7, without native code: `"kerberos": "npm:@s4u/kerberos@^7"` is all
 * that an application changes. `initializeClient` and `initializeServer` make the two sides of a
 * GSS-API context, `checkPassword` and `principalDetails` are the rest.
 *
 * ```ts
 * import { initializeClient } from '@s4u/kerberos'
 *
 * const client = await initializeClient('HTTP@web.ad.test')
 * console.log(`Negotiate ${await client.step('')}`)
 * ```
 */

import * as constants from './constants.js'
import { delegatedPassword } from './client/delegated-credentials.js'
import { initializeClient } from './client/initialize-client.js'
import { KerberosError } from './errors/kerberos-error.js'
import { Kerberos } from './legacy/kerberos.js'
import { principalDetails } from './keytabs/principal-details.js'
import { checkPassword } from './passwords/check-password.js'
import { initializeServer } from './server/initialize-server.js'

export * from './constants.js'
export {
  checkPassword,
  delegatedPassword,
  initializeClient,
  initializeServer,
  Kerberos,
  KerberosError,
  principalDetails,
}
export type { DelegatedTickets, InitializeClientOptions } from './client/client-options.js'
export type { KerberosClient } from './client/kerberos-client.js'
export type { Callback } from './legacy/callbacks.js'
export type { KerberosContext } from './legacy/kerberos-context.js'
export type { UnwrapOptions, WrapOptions } from './messages/protected-messages.js'
export type { CheckPasswordOptions } from './passwords/check-password-options.js'
export type { KerberosServer } from './server/kerberos-server.js'
export type { InitializeServerOptions } from './server/server-options.js'

/** The same names as one object: `import kerberos from 'kerberos'` has worked, so it works here. */
const kerberos = {
  ...constants,
  checkPassword,
  delegatedPassword,
  initializeClient,
  initializeServer,
  Kerberos,
  KerberosError,
  principalDetails,
}

export default kerberos
