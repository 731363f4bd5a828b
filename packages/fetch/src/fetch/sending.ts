import type { ServiceTicket } from '@s4u/kdc-client'
import type { Authenticator } from '../negotiation/token-issuer.js'
import { Carrier, type RequestDispatcher, type Way } from './carried-token.js'
import { type Connections, type IdentityConnections, sharedConnections } from '../connections/connections.js'
import { abandon } from '../answers/discard.js'
import { sharesConnections, usesDispatcher } from './dispatcher-use.js'
import type { FetchRules, FetchTickets } from './fetch-options.js'
import type { Fetch } from '../options/negotiate-options.js'
import type { Outgoing } from './outgoing.js'
import type { OwnConnections, OwnDispatcher } from '../connections/own-dispatcher.js'
import { ProxyRefusal } from '../connections/proxy.js'
import { isSessionRefusal } from '../connections/shared-sessions.js'
import { BackendTimeoutError } from '../connections/backend-timeout.js'

/** `Connections`, or the dispatcher that came with the request. */
type ConnectionKeeper = Pick<Connections, 'of' | 'ofNobody' | 'ofStrangers'> | OwnDispatcher

/** What all hops of one request have in common. */
export interface Backend {
  readonly options: FetchRules
  readonly authenticator: Authenticator
  readonly tickets: FetchTickets
  /** Whether the body can be sent again. */
  readonly replayable: boolean
  /**
   * All that the app said of the request beside its URL, where it can be copied and is not a
   * request that the app had made.
   */
  readonly given: RequestInit | undefined
  /** Whose connections carry the request; undefined for those of the fetch below. */
  readonly keeper: ConnectionKeeper | undefined
  /** Whether redirects are followed, and not handed out. */
  readonly followed: boolean
  /** Whether requests to this URL may have credentials. */
  readonly isFor: (url: URL) => boolean
}

/**
 * Nothing is sent by a fetch whose connections all identities share, unless the app has said that
 * they may. True at once where that is known. @throws ConfigurationError
 */
export function requireOwnConnections(options: FetchRules): true | Promise<true> {
  if (options.connections === 'shared') return true
  const below = belowOf(options)
  const uses = usesDispatcher(below)
  return uses === true ? true : requireTrue(uses, below)
}

async function requireTrue(uses: boolean | Promise<boolean>, below: Fetch): Promise<true> {
  if (await uses) return true
  throw sharesConnections(below)
}

/** With the token of this leg. */
export function send(
  hop: Outgoing,
  backend: Backend,
  connections: IdentityConnections | undefined,
  authorization: string,
): Promise<Response> {
  if (connections !== undefined) return sendBy(connections, authorization, hop, hop.headers, backend)
  const headers = new Headers(hop.headers)
  headers.set('authorization', authorization)
  return callBelow(hop, backend, headers)
}

/** As it is. */
export function sendBare(hop: Outgoing, backend: Backend): Promise<Response> {
  const way = backend.keeper?.ofNobody()
  const own = hop.headers?.get('authorization') ?? undefined
  if (way === undefined) return callBelow(hop, backend, hop.headers)
  if (own === undefined) return sendBy(way, undefined, hop, hop.headers, backend)
  // What the app brings can bind a connection too (NTLM does): it is not shown on one that all
  // share.
  const headers = new Headers(hop.headers)
  headers.delete('authorization')
  return sendBy(way, own, hop, headers, backend)
}

/** Without any credentials of ours. */
export function sendToStranger(hop: Outgoing, backend: Backend): Promise<Response> {
  const way = backend.keeper?.ofStrangers()
  if (way === undefined) return callBelow(hop, backend, hop.headers)
  return sendBy(way, undefined, hop, hop.headers, backend)
}

/**
 * What the server says to nobody; undefined when a proxy on the way asks who comes, or when nobody
 * may come by the session that is there.
 */
export async function sendUnasked(hop: Outgoing, backend: Backend): Promise<Response | undefined> {
  try {
    return await sendBare(hop, backend)
  } catch (error) {
    if ((error instanceof TypeError && error.cause instanceof ProxyRefusal) || isSessionRefusal(error)) return undefined
    throw error
  }
}

export function connectionsOf(ticket: ServiceTicket, { tickets, keeper }: Backend): IdentityConnections | undefined {
  return keeper?.of(ticket, tickets.ticketForProxy ?? tickets.ticketFor)
}

/** On connections of our own alone: an answer that came by others is not handed out. */
async function sendBy(
  way: Way | OwnConnections,
  authorization: string | undefined,
  hop: Outgoing,
  headers: Headers | undefined,
  backend: Backend,
): Promise<Response> {
  const entered = 'enter' in way ? await way.enter(hop.url, { authorization, signal: hop.signal }) : undefined
  const carrier = new Carrier(entered === undefined ? way : { ...way, ...entered }, authorization)
  let response: Response
  try {
    response = await callBelow(hop, backend, headers, carrier)
  } catch (error) {
    throw causeOfOurs(error)
  } finally {
    entered?.release()
  }
  if (carrier.isUsed) return response
  abandon(response)
  throw sharesConnections(belowOf(backend.options))
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
  { options, replayable, given }: Backend,
  headers: Headers | undefined,
  dispatcher?: RequestDispatcher,
): Promise<Response> {
  const below = belowOf(options)
  const changes: object = { redirect: 'manual', ...(headers && { headers }), ...(dispatcher && { dispatcher }) }
  if (request === undefined) return below(url.href, { ...given, ...changes })
  if (given !== undefined && request.body === null) return below(url.href, { ...given, method, body: null, ...changes })
  return below(replayable && request.body !== null ? request.clone() : request, changes)
}

function belowOf({ fetch: below = globalThis.fetch }: FetchRules): Fetch {
  return below
}

/** None where the app wants the connections of the fetch below. */
export function keeperOf({ connections }: FetchRules): Connections | undefined {
  return connections === 'shared' ? undefined : (connections ?? sharedConnections())
}
