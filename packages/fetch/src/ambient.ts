import { ConfigurationError } from '@s4u/kdc-client'
import { AsyncLocalStorage } from 'node:async_hooks'
import type { AuthorizationFor } from './authorization-for.js'

/** What acting as somebody means to this package: a `fetch` that does. */
export interface AmbientIdentity {
  /** `alice@AD.TEST` */
  readonly principal: string
  readonly fetch: typeof globalThis.fetch
  readonly authorizationFor?: AuthorizationFor
}

const ambient = new AsyncLocalStorage<AmbientIdentity | undefined>()

/**
 * Runs `callback`, and everything it starts, with an identity that `fetch` acts as. `AsyncLocalStorage.run`, never `enterWith`: outside
 * the callback nothing has changed, so there is nothing to forget to undo.
 */
export function runAs<T>(identity: AmbientIdentity | undefined, callback: () => T): T {
  return ambient.run(identity, callback)
}

/** Whom `fetch` acts as here; undefined where nobody is impersonated. */
export function currentIdentity(): AmbientIdentity | undefined {
  return ambient.getStore()
}

/** The platform's `fetch`, acting as the ambient identity where there is one, without credentials where there is none. */
export const fetch: typeof globalThis.fetch = (input, init) =>
  (currentIdentity()?.fetch ?? globalThis.fetch)(input, init)

/** The header for a request of another client, in the name of the ambient identity. @throws ConfigurationError when there is none */
export const authorizationFor: AuthorizationFor = async (url, options) => {
  const provider = currentIdentity()?.authorizationFor
  if (provider !== undefined) return provider(url, options)
  throw new ConfigurationError('nobody is impersonated here', {
    code: 'GSS_S_NO_CRED',
    hint: 'Call it inside identity.impersonate(callback).',
  })
}
