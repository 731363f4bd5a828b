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
   * The underlying fetch, which sends the requests. Default: the global one. It is given
   * `connections` as the option `dispatcher` of its second argument, must send by that, and does
   * not see the token, which is added there. One that does not (that of Bun and of Deno, a wrapper
   * that makes another request, a stand-in of a test) is refused before it is given a token or a
   * body: ConfigurationError ERR_FEATURE_UNAVAILABLE_ON_PLATFORM. With `connections: 'shared'` it
   * brings its own, and finds the token among the headers.
   * Example: `fetch: (input, init) => log(input, () => globalThis.fetch(input, init))`
   */
  readonly fetch?: Fetch
  /**
   * `true` (default): every request carries a token. `false`: none does before the server has
   * asked. `learned`: an origin that has asked once gets them unasked from then on. A body that
   * cannot be sent twice always goes with a token. A server that does not ask proves nothing: where
   * `mutualAuthentication` is `require`, the answer of an origin that is listed in `origins`, or
   * has asked before, is then not handed out.
   */
  readonly preemptive?: Preemptive
  /**
   * Where connections are kept, apart for each ticket. Default: one keeper for the process.
   * `shared` uses the connections of the underlying fetch, which all identities share: only for
   * backends that authenticate each request by itself, and never a connection.
   */
  readonly connections?: Connections | 'shared'
}

/** What `createFetch` takes. */
export interface CreateFetchOptions extends FetchOptions, NegotiationForOptions {
  /**
   * Supplies the ticket for a proxy on the way. Connections outlive a fetch, and the next one of
   * the same identity uses them too: give this one where `ticketFor` ends. Default: `ticketFor`.
   */
  readonly ticketForProxy?: TicketFor
}

/** What `createFetch` takes beside a KDC client. */
export type ClientFetchOptions = Omit<CreateFetchOptions, 'client' | 'ticketFor'>

/** Whose tickets a fetch shows. */
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
