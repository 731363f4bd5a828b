import { ConfigurationError } from '@s4u/kdc-client'
import { AsyncLocalStorage } from 'node:async_hooks'
import type { AuthorizationFor } from './authorization-for.js'

/**
 * The identity that is known where code runs: the caller of a handler, or the identity that the
 * handler acts as.
 */
export interface CurrentIdentity {
  /** `alice@AD.TEST` */
  readonly principal: string
  /** A `fetch` that acts as the identity; only where it is impersonated. */
  readonly fetch?: typeof globalThis.fetch
  readonly authorizationFor?: AuthorizationFor
}

/** An identity that is impersonated: it has a `fetch`. */
export interface AmbientIdentity extends CurrentIdentity {
  readonly fetch: typeof globalThis.fetch
}

/** How requests are sent as the service itself, where no identity is impersonated. */
export type ServiceRequests = Required<Pick<CurrentIdentity, 'fetch' | 'authorizationFor'>>

/** What is known where code runs. */
interface Surroundings {
  readonly impersonated?: AmbientIdentity | undefined
  readonly caller?: CurrentIdentity | undefined
  readonly service?: ServiceRequests | undefined
}

/** The number is the version of the stored value. */
const KEY = Symbol.for('s4u.surroundings.1')

/**
 * The storage of this process. Two copies of this package share it: `fetch` of one copy acts as the
 * identity that the other one impersonates.
 */
const surroundings = surroundingsOfProcess()

function surroundingsOfProcess(): AsyncLocalStorage<Surroundings> {
  const found: unknown = Reflect.get(globalThis, KEY)
  if (found instanceof AsyncLocalStorage) return found
  const made = new AsyncLocalStorage<Surroundings>()
  Object.defineProperty(globalThis, KEY, { value: made })
  return made
}

/**
 * Runs `callback`, and everything it starts, with an identity that `fetch` acts as. Without an
 * identity the caller stays known. This is `AsyncLocalStorage.run`, and never `enterWith`: outside
 * of the callback nothing changes, so there is nothing to undo.
 *
 * @example
 * ```ts
 * import { createFetch, fetch, runAs } from '@s4u/fetch'
 * import { createKdcClient } from '@s4u/kdc-client'
 *
 * const credentials = { principal: 'svc-web@AD.TEST', keytab: 'web.keytab' }
 * const own = createFetch(createKdcClient({ credentials }))
 * await runAs({ principal: 'svc-web@AD.TEST', fetch: own }, () => fetch('https://api.ad.test/'))
 * ```
 */
export function runAs<T>(identity: AmbientIdentity | undefined, callback: () => T): T {
  requireCallback('runAs', callback)
  return surroundings.run({ ...surroundings.getStore(), impersonated: identity }, callback)
}

/**
 * Runs `callback`, and everything it starts, for a known caller, and without impersonation.
 * `currentIdentity` returns the caller. `fetch` sends no credentials, or those of the service if
 * `service` is given. Source: WCF, ServiceSecurityContext.Current.
 *
 * @example
 * ```ts
 * import { currentIdentity, runFor } from '@s4u/fetch'
 *
 * runFor({ principal: 'alice@AD.TEST' }, () => console.log(currentIdentity()?.principal))
 * ```
 */
export function runFor<T>(caller: CurrentIdentity | undefined, callback: () => T, service?: ServiceRequests): T {
  requireCallback('runFor', callback)
  return surroundings.run({ caller, service }, callback)
}

/**
 * Returns the identity that `fetch` acts as. Without impersonation it returns the caller, which
 * has no `fetch`. Returns undefined where neither is known.
 *
 * @example
 * ```ts
 * import { currentIdentity } from '@s4u/fetch'
 *
 * console.log(currentIdentity()?.principal)
 * ```
 */
export function currentIdentity(): CurrentIdentity | undefined {
  const here = surroundings.getStore()
  return here?.impersonated ?? here?.caller
}

/**
 * Returns the identity that `fetch` acts as; undefined where no identity is impersonated.
 *
 * @example
 * ```ts
 * import { impersonatedIdentity } from '@s4u/fetch'
 *
 * const orders = await impersonatedIdentity()?.fetch('https://api.ad.test/orders')
 * ```
 */
export function impersonatedIdentity(): AmbientIdentity | undefined {
  return surroundings.getStore()?.impersonated
}

/**
 * Sends a request as the impersonated identity. Where none is impersonated it is the global
 * `fetch`, without credentials, or acts as the service if the app has said so
 * (`outsideImpersonation` of `@s4u/negotiate`).
 *
 * @example
 * ```ts
 * import { fetch } from '@s4u/fetch'
 *
 * const response = await fetch('https://api.ad.test/orders')
 * ```
 */
export const fetch: typeof globalThis.fetch = (input, init) => (acting()?.fetch ?? globalThis.fetch)(input, init)

/**
 * Returns the header for a request of another HTTP client, in the name that `fetch` acts in.
 * @throws ConfigurationError if no identity is impersonated
 * @example
 * ```ts
 * import { authorizationFor } from '@s4u/fetch'
 *
 * const url = 'https://api.ad.test/orders'
 * const headers = { authorization: await authorizationFor(url) }
 * ```
 */
export const authorizationFor: AuthorizationFor = async (url, options) => {
  const provider = acting()?.authorizationFor
  if (provider !== undefined) return provider(url, options)
  throw new ConfigurationError('nobody is impersonated here', {
    code: 'GSS_S_NO_CRED',
    hint: 'Call it inside identity.impersonate(callback).',
  })
}

function requireCallback(owner: string, callback: unknown): void {
  if (typeof callback === 'function') return
  throw new ConfigurationError(`${owner} needs a function to run`, { hint: `Write ${owner}(identity, () => …).` })
}

function acting(): Pick<CurrentIdentity, 'fetch' | 'authorizationFor'> | undefined {
  const here = surroundings.getStore()
  return here?.impersonated ?? here?.service
}
