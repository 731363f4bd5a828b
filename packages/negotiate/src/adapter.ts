import { closeOptions } from '@s4u/kdc-client'
import { createNegotiator } from './create-negotiator.js'
import type { Negotiator } from './negotiator.js'
import { NEGOTIATOR_OPTIONS, type NegotiatorOptions } from './negotiator-options.js'
import type { Mode } from './authenticate/mode.js'

/** Options of an adapter, whose `mode` may depend on its own kind of request. */
export interface AdapterOptions<Asked> extends Omit<NegotiatorOptions, 'mode'> {
  readonly mode?: Mode | ((request: Asked) => Mode)
}

/** A negotiator, and the mode for one request; undefined where that of the negotiator holds. */
export interface AdapterNegotiator<Asked> {
  readonly negotiator: Negotiator
  readonly modeFor: (request: Asked) => Mode | undefined
}

/**
 * For adapters: a negotiator of options whose `mode` may be a function. They are closed here,
 * before anything is taken out of them: what they inherit counts, and what stands in
 * `Object.prototype` does not. @throws ConfigurationError, MissingKeyError
 */
export function createAdapterNegotiator<Asked>(given: AdapterOptions<Asked> | undefined): AdapterNegotiator<Asked> {
  const { mode, ...options } = closeOptions<AdapterOptions<Asked>>('negotiate', given, NEGOTIATOR_OPTIONS)
  if (typeof mode === 'function') return { negotiator: createNegotiator(options), modeFor: mode }
  return { negotiator: createNegotiator(mode === undefined ? options : { ...options, mode }), modeFor: asSaid }
}

const asSaid = (): undefined => undefined
