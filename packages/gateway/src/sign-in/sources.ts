import { readFileSync } from 'node:fs'
import { ConfigurationError } from '@s4u/krb5'
import type { SignInSource } from '@s4u/negotiate'
import { basic, certificate, digest, form, passcode, type RadiusOptions, trustedHeader } from '@s4u/sign-in'
import type { SignInSettings } from '../configuration/gateway-options.js'
import { rememberingSource } from '../delegation/remembering-source.js'
import type { TypedPasswords } from '../delegation/typed-passwords.js'
import { bearerSource, oidcSource } from './issuer-sources.js'
import { ntlmSource } from './ntlm-source.js'
import { themeFrom } from './page-theme.js'

export interface SourcesDeps {
  /** Whether credentials may come over TLS only. */
  readonly requireTls: boolean
  /** Where typed passwords are kept, for inner servers that want them. */
  readonly passwords: TypedPasswords | undefined
}

/** Makes the ways to sign in of one list, beside Negotiate. @throws ConfigurationError */
export function sourcesOf(ways: readonly SignInSettings[], deps: SourcesDeps): readonly SignInSource[] {
  return ways.flatMap((way) => sourceOf(way, deps) ?? [])
}

function sourceOf(way: SignInSettings, { requireTls, passwords }: SourcesDeps): SignInSource | undefined {
  const remembering = (source: SignInSource): SignInSource =>
    passwords === undefined ? source : rememberingSource(source, passwords)
  switch (way.name) {
    // It is always there.
    case 'negotiate':
      return undefined
    case 'form':
      return remembering(form({ ...pageOptions(way.options), requireTls, changePassword: way.options.changePassword }))
    case 'basic': {
      const { realm, cacheTime, session } = way.options
      return remembering(basic({ realm, session, requireTls, cacheFor: cacheTime }))
    }
    case 'certificate':
      return certificateSource(way.options, requireTls)
    case 'passcode':
      return passcodeSource(way.options, requireTls)
    case 'oidc':
      return oidcSource(way.options, requireTls)
    case 'bearer':
      return bearerSource(way.options, requireTls)
    case 'digest':
      return digestSource(way.options, requireTls)
    case 'ntlm':
      return ntlmSource(way.options, requireTls)
    case 'trustedHeader':
      return trustedHeader({ ...way.options, requireTls })
    case 'source':
      // The negotiator checks that it is one.
      return way.options.source as SignInSource
  }
}

type OptionsOf<Name extends SignInSettings['name']> = Extract<SignInSettings, { readonly name: Name }>['options']

function pageOptions({ computer, publicTime, ...page }: Omit<OptionsOf<'form'>, 'changePassword'>) {
  return { computer, theme: themeFrom(page), publicMaxAge: publicTime }
}

function certificateSource(
  { ca, mapping, weakMappings, revocation }: OptionsOf<'certificate'>,
  requireTls: boolean,
): SignInSource {
  return certificate({
    ...{ mapping, weakMappings, requireTls },
    ca: readFileSync(ca, 'utf8'),
    listeners: 'some',
    ...(revocation === 'off' && { revocation: 'off' }),
  })
}

function passcodeSource(options: OptionsOf<'passcode'>, requireTls: boolean): SignInSource {
  const { radius, kerberos, verify, password } = options
  return passcode({
    ...pageOptions(options),
    ...{ requireTls, password },
    ...(kerberos && { kerberos }),
    ...(typeof verify === 'function' && { verify: (typed) => verify(typed) }),
    ...(radius && { radius: radiusOptions(radius) }),
  })
}

function radiusOptions({ secret, tls, ...options }: NonNullable<OptionsOf<'passcode'>['radius']>): RadiusOptions {
  const { ca, cert, key, ...more } = tls ?? {}
  const read = (path: string): string => readFileSync(path, 'utf8')
  return {
    ...options,
    ...(secret && { secret: secret.reveal() }),
    ...(tls && {
      tls: { ...more, ...(ca && { ca: read(ca) }), ...(cert && { cert: read(cert) }), ...(key && { key: read(key) }) },
    }),
  }
}

function digestSource(options: OptionsOf<'digest'>, requireTls: boolean): SignInSource {
  const { secretFor, userOf, realm, algorithm, nonceLifetime } = options
  if (typeof secretFor !== 'function')
    throw new ConfigurationError('digest: secretFor is no function', {
      hint: 'Write a function that returns the secret of a user, or undefined for a user who is not known.',
    })
  return digest({
    ...{ realm, nonceLifetime, requireTls, secretFor: (user) => secretFor(user) },
    ...(typeof userOf === 'function' && { userOf: (user) => userOf(user) }),
    ...(algorithm.length > 0 && { algorithm }),
  })
}
