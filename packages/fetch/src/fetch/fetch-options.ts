import type { OptionTableOf } from '@s4u/kdc-client'
import type { Connections } from '../connections/connections.js'
import type { Preemptive } from '../options/learned-origins.js'
import {
  type Fetch,
  type NegotiationForOptions,
  type TicketFor,
  TOKEN_OPTIONS,
  type TokenOptions,
  type TokenTickets,
} from '../options/token-options.js'

/** The options of a fetch that are the same for all identities. */
export interface FetchOptions extends TokenOptions {
  /**
   * The underlying fetch, which sends the requests. It gets the connections as `dispatcher` in its
   * second argument and must send by them. It does not see the token, which is added there. A
   * fetch that does not send through its dispatcher is refused before it gets a token or a body
   * (ConfigurationError ERR_FEATURE_UNAVAILABLE_ON_PLATFORM). Examples are the fetch of Bun and of
   * Deno, a wrapper that makes another request, and a mock in a test. With `connections: 'shared'`
   * it uses its own connections, and finds the token in the headers. Default: the global fetch, and
   * that of undici on Bun and Deno.
   * Example: `(input, init) => log(input, () => globalThis.fetch(input, init))`.
   */
  readonly fetch?: Fetch
  /**
   * `true` (default): every request carries a token. `false`: the server is asked first, without a
   * token. `learned`: an origin that has asked once gets tokens at once from then on. A body that
   * cannot be sent twice always goes with a token. A server that does not ask proves nothing: with
   * `mutualAuthentication: 'require'` its answer is refused if its origin is in `origins`, or has
   * asked before.
   */
  readonly preemptive?: Preemptive
  /**
   * The connections, kept apart for each ticket. `shared` uses the connections of the underlying
   * fetch, which all identities share: only for backends that authenticate each request, and never
   * a connection. Default: one `Connections` for the process. Example: `new Connections({ allowH2:
   * true })`.
   */
  readonly connections?: Connections | 'shared'
}

/** The options of `createFetch`. */
export interface CreateFetchOptions extends FetchOptions, NegotiationForOptions {
  /**
   * Supplies the ticket for a proxy. Connections live longer than a fetch, and the next fetch of
   * the same identity uses them too: give this function where `ticketFor` ends with the fetch.
   * Default: `ticketFor`.
   */
  readonly ticketForProxy?: TicketFor
}

/** The options of `createFetch` with a KDC client as its first argument. */
export type ClientFetchOptions = Omit<CreateFetchOptions, 'client' | 'ticketFor'>

/** The tickets that a fetch shows. */
export interface FetchTickets extends TokenTickets {
  readonly ticketForProxy?: TicketFor
}

/** Every name in FetchOptions; others are refused. */
export const FETCH_OPTIONS = {
  ...TOKEN_OPTIONS,
  fetch: 'function',
  preemptive: 'value',
  connections: 'value',
} as const satisfies OptionTableOf<FetchOptions>

/** Every name in ClientFetchOptions. */
export const CLIENT_FETCH_OPTIONS = {
  ...FETCH_OPTIONS,
  clientSid: 'value',
  ticketForProxy: 'function',
} as const satisfies OptionTableOf<ClientFetchOptions>

/** Every name in CreateFetchOptions. */
export const CREATE_FETCH_OPTIONS = {
  ...CLIENT_FETCH_OPTIONS,
  client: 'value',
  ticketFor: 'value',
} as const satisfies OptionTableOf<CreateFetchOptions>
