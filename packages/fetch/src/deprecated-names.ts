/** Names of 0.1. They go with 0.3. */

import { type CreateFetchOptions, FETCH_OPTIONS, type FetchOptions } from './fetch/fetch-options.js'
import {
  type NegotiationForOptions,
  type TicketFor,
  type TicketForOptions,
  TOKEN_OPTIONS,
  type TokenOptions,
} from './options/token-options.js'

/** @deprecated Since 0.2: the type is `CreateFetchOptions`. */
export type NegotiatedFetchOptions = CreateFetchOptions
/** @deprecated Since 0.2: the type is `FetchOptions`. */
export type FetchRules = FetchOptions
/** @deprecated Since 0.2: the type is `NegotiationForOptions`. */
export type NegotiateOptions = NegotiationForOptions
/** @deprecated Since 0.2: the type is `TokenOptions`. */
export type NegotiateRules = TokenOptions
/** @deprecated Since 0.2: the type is `TicketFor`. */
export type TicketSource = TicketFor
/** @deprecated Since 0.2: the type is `TicketForOptions`. */
export type TicketRequest = TicketForOptions
/** @deprecated Since 0.2: the table is `FETCH_OPTIONS`. */
export const FETCH_RULES = FETCH_OPTIONS
/** @deprecated Since 0.2: the table is `TOKEN_OPTIONS`. */
export const NEGOTIATE_RULES = TOKEN_OPTIONS
