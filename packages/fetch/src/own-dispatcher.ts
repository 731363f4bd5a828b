import { ConfigurationError, shownInput } from '@s4u/kdc-client'
import type { Dispatcher } from 'undici'
import type { IdentityConnections } from './connections.js'

/**
 * The connections of a dispatcher that an app gives with a request: `fetch(url, { dispatcher })`. They are the app's, and nobody knows
 * who else uses them: so each request that goes by them ends its connection, which then serves nobody else as the one before. Over
 * HTTP/2, where a connection carries many requests at once, that cannot be; a dispatcher that speaks it must be one identity's own.
 *
 * The dispatcher's own time limits hold, and not those of `Connections`.
 * @throws ConfigurationError
 */
export function connectionsBy(given: unknown): IdentityConnections | undefined {
  if (given === undefined || given === null) return undefined
  if (!isDispatcher(given)) throw noDispatcher(given)
  const dispatcher = new Proxy(given, {
    get: (target, key) => (key === 'dispatch' ? endingEach(target) : Reflect.get(target, key)),
  })
  return { dispatcher, limits: UNLIMITED, bindings: () => undefined }
}

function endingEach(dispatcher: Dispatcher): Dispatcher['dispatch'] {
  return (options, handler) => dispatcher.dispatch({ ...options, reset: true }, handler)
}

function isDispatcher(value: unknown): value is Dispatcher {
  return typeof value === 'object' && value !== null && 'dispatch' in value && typeof value.dispatch === 'function'
}

function noDispatcher(given: unknown): ConfigurationError {
  return new ConfigurationError(`fetch: dispatcher must be one of undici, not ${shownInput(given)}`, {
    hint: 'Give an Agent of undici, or leave it out: new Connections({ connectTimeout, headersTimeout, bodyTimeout }) sets the times for all requests.',
  })
}

const UNLIMITED = { answer: Infinity, body: Infinity }
