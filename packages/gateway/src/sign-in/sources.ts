import type { NegotiatorOptions } from '@s4u/negotiate'
import type { SignInSettings } from '../configuration/gateway-options.js'

/** Makes the ways to sign in of one site. */
export function sourcesOf(_ways: readonly SignInSettings[]): Pick<NegotiatorOptions, 'signIn'> {
  return {}
}
