import { ConfigurationError } from '@s4u/kdc-client'
import { AsyncLocalStorage } from 'node:async_hooks'
import type { AuthorizationFor } from './authorization-for.js'

/** Who is known where code runs: the caller of a handler, or whom it acts as. */
export interface CurrentIdentity {
  /** `alice@AD.TEST` */
  readonly principal: string
  /** Where the identity is acted as, and only there: a `fetch` that does. */
  readonly fetch?: typeof globalThis.fetch
  readonly authorizationFor?: AuthorizationFor
}

/** What acting as somebody means to this package: a `fetch` that does. */
export interface AmbientIdentity extends CurrentIdentity {
  readonly fetch: typeof globalThis.fetch
}

/** By what requests go where nobody is impersonated: those of the service itself. */
export type ServiceRequests = Required<Pick<CurrentIdentity, 'fetch' | 'authorizationFor'>>

/** What holds where code runs. */
interface Surroundings {
  readonly impersonated?: AmbientIdentity | undefined
  readonly caller?: CurrentIdentity | undefined
  readonly service?: ServiceRequests | undefined
}

/** The number is that of what is kept in it. */
const KEY = Symbol.for('s4u.surroundings.1')

/**
 * Those of this process, also where it has two copies of this package: whom one impersonates, the
 * `fetch` of the other acts as.
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
 * Runs `callback`, and everything it starts, with an identity that `fetch` acts as; with nobody,
 * who calls is still known. `AsyncLocalStorage.run`, never `enterWith`: outside the callback
 * nothing has changed, so there is nothing to forget to undo.
 */
export function runAs<T>(identity: AmbientIdentity | undefined, callback: () => T): T {
  requireCallback('runAs', callback)
  return surroundings.run({ ...surroundings.getStore(), impersonated: identity }, callback)
}

/**
 * Runs `callback`, and everything it starts, as the service, for a caller who is known to it:
 * `currentIdentity` tells who, and `fetch` acts as nobody, or as the service where that says how.
 * Source: WCF, ServiceSecurityContext.Current.
 */
export function runFor<T>(caller: CurrentIdentity | undefined, callback: () => T, service?: ServiceRequests): T {
  requireCallback('runFor', callback)
  return surroundings.run({ caller, service }, callback)
}

/**
 * Who is known here: whom `fetch` acts as, and where nobody is impersonated, who calls. Only the
 * first has a `fetch`. Undefined where nobody is known.
 */
export function currentIdentity(): CurrentIdentity | undefined {
  const here = surroundings.getStore()
  return here?.impersonated ?? here?.caller
}

/** Whom `fetch` acts as here; undefined where nobody is impersonated, whoever calls. */
export function impersonatedIdentity(): AmbientIdentity | undefined {
  return surroundings.getStore()?.impersonated
}

/**
 * The platform's `fetch`, acting as whoever is impersonated. Where nobody is, without credentials,
 * or as the service where an app has said so (`outsideImpersonation` of `@s4u/negotiate`).
 */
export const fetch: typeof globalThis.fetch = (input, init) => (acting()?.fetch ?? globalThis.fetch)(input, init)

/**
 * The header for a request of another client, in the name of whom `fetch` acts as. @throws
 * ConfigurationError when there is nobody
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
