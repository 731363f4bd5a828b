import { closeOptions } from '@s4u/kdc-client'
import { createNegotiator } from './create-negotiator.js'
import type { Negotiator } from './negotiator.js'
import { NEGOTIATOR_OPTIONS, type NegotiatorOptions } from './negotiator-options.js'
import type { Mode } from './authenticate/mode.js'

/** Options of an adapter, whose `mode` may depend on its own kind of request. */
export interface AdapterOptions<Asked> extends Omit<NegotiatorOptions, 'mode'> {
  readonly mode?: Mode | ((request: Asked) => Mode)
}

/** A negotiator, and the mode of one request; undefined where the negotiator's own mode applies. */
export interface AdapterNegotiator<Asked> {
  readonly negotiator: Negotiator
  readonly modeFor: (request: Asked) => Mode | undefined
}

/**
 * Returns, for an adapter, a negotiator of options whose `mode` may be a function. The options are
 * closed before anything is taken out of them: inherited options count, and what a library has put
 * into `Object.prototype` does not.
 *
 * ```ts
 * import type { IncomingMessage } from 'node:http'
 * import { createAdapterNegotiator } from '@s4u/negotiate'
 *
 * const { negotiator, modeFor } = createAdapterNegotiator<IncomingMessage>({
 *   keytab: 'web.keytab',
 *   mode: (request) => (request.url === '/health' ? 'off' : 'required'),
 * })
 * ```
 *
 * @throws ConfigurationError, MissingKeyError
 */
export function createAdapterNegotiator<Asked>(given: AdapterOptions<Asked> | undefined): AdapterNegotiator<Asked> {
  const { mode, ...options } = closeOptions<AdapterOptions<Asked>>('negotiate', given, NEGOTIATOR_OPTIONS)
  if (typeof mode === 'function') return { negotiator: createNegotiator(options), modeFor: mode }
  return { negotiator: createNegotiator(mode === undefined ? options : { ...options, mode }), modeFor: asSaid }
}

const asSaid = (): undefined => undefined
