import type { SignInSource } from '@s4u/negotiate'
import { ntlm } from '@s4u/sign-in'
import type { SignInSettings } from '../configuration/gateway-options.js'

type Settings = Extract<SignInSettings, { readonly name: 'ntlm' }>['options']

/** Makes the way to sign in with NTLM. @throws ConfigurationError */
export function ntlmSource(
  { account, controllers, kdc, channelBinding, trustedDomains, ...options }: Settings,
  requireTls: boolean,
): SignInSource {
  return ntlm({
    ...{ ...options, requireTls, account: machineAccount(account) },
    controllers: controllers.map(({ host, address }) => ({ host, ...(address !== undefined && { address }) })),
    ...(kdc.length > 0 && { kdc }),
    ...(channelBinding !== undefined && { channelBinding }),
    ...(trustedDomains !== undefined && { trustedDomains }),
  })
}

/** The check of the configuration has found exactly one of them. */
function machineAccount({ name, keytab, password }: Settings['account']) {
  return keytab === undefined ? { name, password: password?.reveal() ?? '' } : { name, keytab }
}
