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
import { isSessionRefusal } from '../connections/shared-sessions.js'
import { BackendTimeoutError } from '../connections/backend-timeout.js'

/** `Connections`, or the dispatcher that came with the request. */
type ConnectionKeeper = Pick<Connections, 'of' | 'withoutIdentity' | 'outsideOrigins'> | OwnDispatcher

/** What all hops of one request have in common. */
export interface FetchCall {
  readonly options: FetchOptions
  readonly issuer: TokenIssuer
  readonly tickets: FetchTickets
  /** Whether the body can be sent again. */
  readonly replayable: boolean
  /**
   * All that the app said of the request beside its URL, where it can be copied and is not a
   * request that the app had made.
   */
  readonly init: RequestInit | undefined
  /** Whose connections carry the request; undefined for those of the underlying fetch. */
  readonly keeper: ConnectionKeeper | undefined
  /** Whether redirects are followed, and not handed out. */
  readonly followed: boolean
  /** Whether requests to this URL may have credentials. */
  readonly mayHaveCredentials: (url: URL) => boolean
}

/**
 * Nothing is sent by a fetch whose connections all identities share, unless the app has said that
 * they may. True at once where that is known. @throws ConfigurationError
 */
export function requireOwnConnections(options: FetchOptions): true | Promise<true> {
  if (options.connections === 'shared') return true
  const underlying = underlyingFetch(options)
  const uses = usesDispatcher(underlying)
  return uses === true ? true : requireTrue(uses, underlying)
}

async function requireTrue(uses: boolean | Promise<boolean>, underlying: Fetch): Promise<true> {
  if (await uses) return true
  throw sharedConnectionsError(underlying)
}

/** With the token of this leg. */
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

/** As it is. */
export function sendWithoutToken(hop: Outgoing, call: FetchCall): Promise<Response> {
  const route = call.keeper?.withoutIdentity()
  const own = hop.headers?.get('authorization') ?? undefined
  if (route === undefined) return callBelow(hop, call, hop.headers)
  if (own === undefined) return sendBy(route, undefined, hop, hop.headers, call)
  // What the app brings can bind a connection too (NTLM does): it is not shown on one that all
  // share.
  const headers = new Headers(hop.headers)
  headers.delete('authorization')
  return sendBy(route, own, hop, headers, call)
}

/** Without any credentials of ours. */
export function sendOutsideOrigins(hop: Outgoing, call: FetchCall): Promise<Response> {
  const route = call.keeper?.outsideOrigins()
  if (route === undefined) return callBelow(hop, call, hop.headers)
  return sendBy(route, undefined, hop, hop.headers, call)
}

/**
 * What the server says to nobody; undefined when a proxy on the way asks who comes, or when nobody
 * may come by the session that is there.
 */
export async function sendUnasked(hop: Outgoing, call: FetchCall): Promise<Response | undefined> {
  try {
    return await sendWithoutToken(hop, call)
  } catch (error) {
    if ((error instanceof TypeError && error.cause instanceof ProxyRefusal) || isSessionRefusal(error)) return undefined
    throw error
  }
}

export function connectionsOf(ticket: ServiceTicket, { tickets, keeper }: FetchCall): IdentityConnections | undefined {
  return keeper?.of(ticket, tickets.ticketForProxy ?? tickets.ticketFor)
}

/** On connections of our own alone: an answer that came by others is not handed out. */
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

/** What a fetch failed for, where that is an error of ours. */
function causeOfOurs(error: unknown): unknown {
  if (!(error instanceof TypeError)) return error
  return error.cause instanceof BackendTimeoutError || isSessionRefusal(error.cause) ? error.cause : error
}

/**
 * A copy is sent where another leg may follow; a stream can be sent only once. Where there is no
 * body, what is sent need not be made of the request, which costs as much as a token.
 *
 * The platform's `dispatcher` option is of its own copy of undici, whose types may differ from
 * ours; the protocol between them does not.
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
  return underlying(replayable && request.body !== null ? request.clone() : request, changes)
}

function underlyingFetch({ fetch: underlying = globalThis.fetch }: FetchOptions): Fetch {
  return underlying
}

/** None where the app wants the connections of the underlying fetch. */
export function keeperOf({ connections }: FetchOptions): Connections | undefined {
  return connections === 'shared' ? undefined : (connections ?? sharedConnections())
}
