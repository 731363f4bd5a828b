import type { SignInSource } from '@s4u/negotiate'
import { bearer, oidc } from '@s4u/sign-in'
import type { SignInSettings } from '../configuration/gateway-options.js'

type OptionsOf<Name extends SignInSettings['name']> = Extract<SignInSettings, { readonly name: Name }>['options']

/** Makes the way to sign in at an OpenID provider. @throws ConfigurationError */
export function oidcSource(options: OptionsOf<'oidc'>, requireTls: boolean): SignInSource {
  const { clientId, clientSecret, redirectUri, scope, userInfo, parameters, afterSignOut, label, name } = options
  return oidc({
    ...issuerOptions(options),
    ...{ clientId, redirectUri, scope, userInfo, name, requireTls },
    ...(clientSecret !== undefined && { clientSecret: clientSecret.reveal() }),
    ...(parameters !== undefined && { parameters }),
    ...(afterSignOut !== undefined && { afterSignOut }),
    ...(label !== undefined && { label }),
  })
}

/** Makes the way to sign in with access tokens. @throws ConfigurationError */
export function bearerSource(options: OptionsOf<'bearer'>, requireTls: boolean): SignInSource {
  const { audience, scope, algorithms, type } = options
  return bearer({
    ...issuerOptions(options),
    ...{ audience, scope, type, requireTls },
    ...(algorithms.length > 0 && { algorithms }),
  })
}

function issuerOptions({ issuer, claim, account, suffixes, timeLimit, clockSkew, allowInsecure }: IssuerSettings) {
  return {
    ...{ issuer, claim, account, timeLimit, clockSkew, allowInsecure },
    ...(suffixes.length > 0 && { suffixes }),
  }
}

type IssuerSettings = Pick<
  OptionsOf<'oidc'>,
  'issuer' | 'claim' | 'account' | 'suffixes' | 'timeLimit' | 'clockSkew' | 'allowInsecure'
>
