import type { ServiceTicket } from '@s4u/kdc-client'
import type { TokenIssuer } from '../negotiation/token-issuer.js'
import { TokenDispatcher, type RequestDispatcher, type RequestRoute } from './token-dispatcher.js'
import { type Connections, type IdentityConnections, sharedConnections } from '../connections/connections.js'
import { abandon } from '../answers/discard.js'
import { sharedConnectionsError, usesDispatcher } from './dispatcher-use.js'
import type { FetchOptions, FetchTickets } from './fetch-options.js'
import type { Fetch } from '../options/token-options.js'
import type { Outgoing } from './outgoing-request.js'
import type { OwnConnections, OwnDispatcher } from '../connections/own-dispatcher.js'
import { ProxyRefusal } from '../connections/proxy.js'
import { isSessionRefusal } from '../connections/http2-sessions.js'
import { loadUndici } from '../connections/undici.js'
import { BackendTimeoutError } from '../connections/backend-timeout.js'
import { platformFetch } from './undici-fetch.js'

/** Keeps the connections: `Connections`, or the dispatcher that came with the request. */
type ConnectionKeeper = Pick<Connections, 'of' | 'withoutIdentity' | 'outsideOrigins'> | OwnDispatcher

/** What all hops of one call of fetch have in common. */
export interface FetchCall {
  readonly options: FetchOptions
  readonly issuer: TokenIssuer
  readonly tickets: FetchTickets
  /** Whether the body can be sent again. */
  readonly replayable: boolean
  /** The `init` of the call, where it can be copied and the app did not give a Request. */
  readonly init: RequestInit | undefined
  /**
   * The keeper of the connections that carry the request; undefined for those of the underlying
   * fetch.
   */
  readonly keeper: ConnectionKeeper | undefined
  /** Whether redirects are followed, and not handed out. */
  readonly followed: boolean
  /** Returns whether requests to this URL may have credentials. */
  readonly mayHaveCredentials: (url: URL) => boolean
}

/**
 * Refuses a fetch that all identities would share connections of, unless the app has said that they
 * may; and loads what opens connections. Returns true at once if both is done.
 * @throws ConfigurationError
 */
export function requireOwnConnections(options: FetchOptions): true | Promise<true> {
  if (options.connections === 'shared') return true
  const underlying = underlyingFetch(options)
  const uses = usesDispatcher(underlying)
  const loaded = loadUndici()
  return uses === true && loaded === true ? true : requireTrue(uses, loaded, underlying)
}

async function requireTrue(
  uses: boolean | Promise<boolean>,
  loaded: true | Promise<true>,
  underlying: Fetch,
): Promise<true> {
  if (await uses) return loaded
  throw sharedConnectionsError(underlying)
}

/** Sends one hop with the token of this leg. */
export function send(
  hop: Outgoing,
  call: FetchCall,
  connections: IdentityConnections | undefined,
  authorization: string,
): Promise<Response> {
  if (connections !== undefined) return sendBy(connections, authorization, hop, hop.headers, call)
  const headers = new Headers(hop.headers)
  headers.set('authorization', authorization)
  return callBelow(hop, call, headers)
}

/** Sends one hop as it is, without a token. */
export function sendWithoutToken(hop: Outgoing, call: FetchCall): Promise<Response> {
  const route = call.keeper?.withoutIdentity()
  const own = hop.headers?.get('authorization') ?? undefined
  if (route === undefined) return callBelow(hop, call, hop.headers)
  if (own === undefined) return sendBy(route, undefined, hop, hop.headers, call)
  // An `Authorization` of the app can authenticate a connection too (NTLM does). It is not sent on
  // a connection that all share.
  const headers = new Headers(hop.headers)
  headers.delete('authorization')
  return sendBy(route, own, hop, headers, call)
}

/** Sends one hop to an origin that gets no credentials. */
export function sendOutsideOrigins(hop: Outgoing, call: FetchCall): Promise<Response> {
  const route = call.keeper?.outsideOrigins()
  if (route === undefined) return callBelow(hop, call, hop.headers)
  return sendBy(route, undefined, hop, hop.headers, call)
}

/**
 * Sends one hop without a token, to see whether the server asks for one. Resolves undefined if a
 * proxy asks who the client is, or if the HTTP/2 session there belongs to an identity: a token is
 * then sent at once.
 */
export async function sendFirstWithoutToken(hop: Outgoing, call: FetchCall): Promise<Response | undefined> {
  try {
    return await sendWithoutToken(hop, call)
  } catch (error) {
    if ((error instanceof TypeError && error.cause instanceof ProxyRefusal) || isSessionRefusal(error)) return undefined
    throw error
  }
}

/** Returns the connections for a ticket; undefined for those of the underlying fetch. */
export function connectionsOf(ticket: ServiceTicket, { tickets, keeper }: FetchCall): IdentityConnections | undefined {
  return keeper?.of(ticket, tickets.ticketForProxy ?? tickets.ticketFor)
}

/**
 * Sends one hop by the connections of `route`. A response that came by other connections is not
 * handed out.
 */
async function sendBy(
  route: RequestRoute | OwnConnections,
  authorization: string | undefined,
  hop: Outgoing,
  headers: Headers | undefined,
  call: FetchCall,
): Promise<Response> {
  const admitted = 'admit' in route ? await route.admit(hop.url, { authorization, signal: hop.signal }) : undefined
  const tokenDispatcher = new TokenDispatcher(admitted === undefined ? route : { ...route, ...admitted }, authorization)
  let response: Response
  try {
    response = await callBelow(hop, call, headers, tokenDispatcher)
  } catch (error) {
    throw causeOfOurs(error)
  } finally {
    admitted?.release()
  }
  if (tokenDispatcher.isUsed) return response
  abandon(response)
  throw sharedConnectionsError(underlyingFetch(call.options))
}

/** Returns the error of ours that a fetch has failed for, or the error as it is. */
function causeOfOurs(error: unknown): unknown {
  if (!(error instanceof TypeError)) return error
  return error.cause instanceof BackendTimeoutError || isSessionRefusal(error.cause) ? error.cause : error
}

/**
 * Calls the underlying fetch. It gets a copy of the request if another leg may follow, since a
 * stream can be sent only once. Without a body it gets URL and init: to make a Request costs as
 * much as a token.
 *
 * Node's fetch has an undici of its own, whose type of `dispatcher` may differ from ours. The
 * protocol between the two is the same.
 */
function callBelow(
  { method, url, request }: Outgoing,
  { options, replayable, init }: FetchCall,
  headers: Headers | undefined,
  dispatcher?: RequestDispatcher,
): Promise<Response> {
  const underlying = underlyingFetch(options)
  const changes: object = { redirect: 'manual', ...(headers && { headers }), ...(dispatcher && { dispatcher }) }
  if (request === undefined) return underlying(url.href, { ...init, ...changes })
  if (init !== undefined && request.body === null)
    return underlying(url.href, { ...init, method, body: null, ...changes })
  if (replayable) return underlying(request.body === null ? request : request.clone(), changes)
  return underlying(request, { ...changes, ...IN_PARTS })
}

/** Says of a body that it is a stream. Source: WHATWG Fetch, RequestInit. */
const IN_PARTS: object = { duplex: 'half' }

function underlyingFetch({ fetch: underlying = platformFetch() }: FetchOptions): Fetch {
  return underlying
}

/** Returns the keeper of connections; undefined for the connections of the underlying fetch. */
export function keeperOf({ connections }: FetchOptions): Connections | undefined {
  return connections === 'shared' ? undefined : (connections ?? sharedConnections())
}
