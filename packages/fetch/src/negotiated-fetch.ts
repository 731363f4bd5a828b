import { closeOptions, type KdcClient, type OptionTableOf, pickOptions, type ServiceTicket } from '@s4u/kdc-client'
import { Authenticator } from './authenticator.js'
import type { Attempt, Judgement } from './attempt.js'
import { type Carried, carry } from './carried-token.js'
import { offersNegotiate } from './challenge-schemes.js'
import { type Connections, type IdentityConnections, sharedConnections } from './connections.js'
import { checkPreemptive, isPreemptive, type Preemptive, rememberAsking } from './learned-origins.js'
import { discard } from './discard.js'
import {
  type Fetch,
  NEGOTIATE_RULES,
  type NegotiateOptions,
  requireTicketSource,
  type TicketSource,
} from './options.js'
import { hasOwnMembersOnly, type Outgoing, outgoing } from './outgoing.js'
import { ProxyRefusal } from './proxy.js'
import { followRedirects, isRedirect } from './redirect.js'

export interface NegotiatedFetchOptions extends NegotiateOptions {
  /**
   * The fetch below: where requests really go. It brings its own connections, and is given the token among the headers. Default: the
   * global one, on `connections`; once it is seen to use those, they add the token. Give one here that answers some requests itself.
   */
  readonly fetch?: Fetch
  /**
   * `true` (default): every request carries a token. `false`: none does before the server has asked. `learned`: an origin that
   * has asked once gets them unasked from then on. A body that cannot be sent twice always goes with a token.
   */
  readonly preemptive?: Preemptive
  /**
   * Where connections are kept, apart for each ticket. Default: one keeper for the process. `shared` uses the platform's own
   * connections, which all identities share: only for backends that authenticate each request by itself.
   */
  readonly connections?: Connections | 'shared'
  /**
   * Supplies the ticket for a proxy on the way. Connections outlive a fetch, and the next one of the same identity uses them too: give
   * this one where `ticketFor` ends. Default: `ticketFor`.
   */
  readonly ticketForProxy?: TicketSource
}

/**
 * A `fetch` that shows a ticket with each request and checks the server's answer to it. Each request carries a fresh token: one that
 * is sent twice is a replay. A request that brings its own `Authorization`, or is made with `credentials: 'omit'`, goes as it is;
 * so does the rest of a redirect to an origin that was not listed, or from https down to http. Source: RFC 4559.
 *
 * Options are checked at once. The fetch throws KdcError, DelegationRefusedError, KdcUnreachableError (no ticket), and RejectedTokenError
 * KRB_AP_ERR_MUT_FAIL (not the right server).
 *
 * A KDC client in place of options calls backends in the service's own name: `createFetch(client)`.
 *
 * @throws ConfigurationError
 */
export function createFetch(options: NegotiatedFetchOptions): Fetch {
  if (isKdcClient(options)) return prepareFetch({})({ ticketFor: (spn, request) => options.ticketFor(spn, request) })
  const closed = closeOptions('createFetch', options, FETCH_OPTIONS)
  // As methods of the caller's object, which they may need.
  const ticketFor = requireTicketSource('createFetch', closed.ticketFor).bind(options)
  const ticketForProxy = closed.ticketForProxy?.bind(options)
  return prepareFetch(pickOptions<FetchRules>(closed, FETCH_RULES))({ ticketFor, ticketForProxy })
}

function isKdcClient(options: object): options is KdcClient {
  return typeof options === 'object' && options !== null && 's4u2proxy' in options
}

/** Whose tickets a fetch shows. */
export type FetchTickets = Pick<NegotiatedFetchOptions, 'ticketFor' | 'ticketForProxy'>

/** All that is the same for whoever it is. */
export type FetchRules = Omit<NegotiatedFetchOptions, keyof FetchTickets>

/** Every name in FetchRules; others are refused. */
export const FETCH_RULES = {
  ...NEGOTIATE_RULES,
  fetch: 'value',
  preemptive: 'value',
  connections: 'value',
} as const satisfies OptionTableOf<FetchRules>

const FETCH_OPTIONS = {
  ...FETCH_RULES,
  ticketFor: 'value',
  ticketForProxy: 'value',
} as const satisfies OptionTableOf<NegotiatedFetchOptions>

/** The same for many identities: options are checked once, and what is made is a `createFetch` without tickets. @throws ConfigurationError */
export function prepareFetch(rules: FetchRules): (tickets: FetchTickets) => Fetch {
  const options = closeOptions('fetch', rules, FETCH_RULES)
  checkPreemptive(options.preemptive)
  const authenticator = new Authenticator(options)
  return (tickets) => fetchWith(options, authenticator, tickets)
}

function fetchWith(options: FetchRules, authenticator: Authenticator, tickets: FetchTickets): Fetch {
  return async (input, init) => {
    const first = outgoing(input, init)
    const isFor = authenticator.isListed ?? ((url: URL) => url === first.url || url.origin === first.url.origin)
    const bare = first.headers?.has('authorization')
    const replayable = isReplayable(first, init)
    const said = init ?? {}
    const given = input instanceof Request || !hasOwnMembersOnly(said) ? undefined : said
    const backend = { options, authenticator, tickets, replayable, given, followed: first.redirect === 'follow' }
    return await followRedirects(first, replayable, (hop, downgraded) => {
      if (first.credentials === 'omit' || downgraded || !isFor(hop.url)) return sendToStranger(hop, backend)
      return bare ? sendBare(hop, backend) : negotiate(hop, backend)
    })
  }
}

interface Backend {
  readonly options: FetchRules
  readonly authenticator: Authenticator
  readonly tickets: FetchTickets
  /** Whether the body can be sent again. */
  readonly replayable: boolean
  /** All that the app said of the request beside its URL, where it can be copied and is not a request that the app had made. */
  readonly given: RequestInit | undefined
  /** Whether redirects are followed, and not handed out. */
  readonly followed: boolean
}

async function negotiate(hop: Outgoing, backend: Backend): Promise<Response> {
  const { options, authenticator, tickets, replayable } = backend
  const { url, signal } = hop
  // What is known at once is not waited for: each promise shows in the cost of a request, more so with async hooks on.
  const named = authenticator.serviceName(url)
  const spn = named instanceof Promise ? await named : named
  if (spn === undefined) return sendBare(hop, backend)
  if (replayable && !isPreemptive(url, options.preemptive)) {
    const response = await sendUnasked(hop, backend)
    if (response !== undefined) {
      if (!isAsking(response)) return response
      rememberAsking(url)
      await discard(response)
    }
  }
  const bindingsFor = (ticket: ServiceTicket) => connectionsOf(ticket, backend)?.bindings(url)
  const onBehalf = { tickets, bindingsFor, signal }
  const attempt = await authenticator.begin(url, spn, onBehalf)
  const { response, stale } = await sendLegs(hop, backend, attempt)
  if (!stale || !replayable) return response
  const another = await authenticator.beginAfresh(attempt, url, onBehalf)
  if (another === undefined) return response
  await discard(response)
  return (await sendLegs(hop, backend, another)).response
}

interface Answer {
  readonly response: Response
  /** Whether it says that the ticket is stale. */
  readonly stale: boolean
}

/** Sends the request, with a token for each leg, until there is an answer to hand out. */
async function sendLegs(hop: Outgoing, backend: Backend, attempt: Attempt): Promise<Answer> {
  const connections = connectionsOf(attempt.details.ticket, backend)
  for (let { authorization } = attempt; ;) {
    const response = await send(hop, backend, connections, authorization)
    const challenge = response.headers.get('www-authenticate')
    const followed = backend.followed && isHarmlessRedirect(response, hop.url)
    let judgement: Judgement
    try {
      judgement = attempt.judge({ status: response.status, challenge, followed })
    } catch (error) {
      // A response that is not handed out must not hold its connection either.
      await discard(response)
      throw error
    }
    // A challenge to a body that is gone cannot be met.
    if (judgement.kind !== 'again' || !backend.replayable) return { response, stale: judgement.kind === 'stale' }
    await discard(response)
    authorization = judgement.authorization
  }
}

function send(
  hop: Outgoing,
  backend: Backend,
  connections: IdentityConnections | undefined,
  authorization: string,
): Promise<Response> {
  const { fetch: below = globalThis.fetch } = backend.options
  return callBelow(hop, backend, carry(authorization, hop.headers, connections?.dispatcher, below))
}

function sendBare(hop: Outgoing, backend: Backend): Promise<Response> {
  const dispatcher = keeperOf(backend.options)?.ofNobody().dispatcher
  return callBelow(hop, backend, { dispatcher, headers: hop.headers })
}

/** Without any credentials of ours. */
function sendToStranger(hop: Outgoing, backend: Backend): Promise<Response> {
  const dispatcher = keeperOf(backend.options)?.ofStrangers().dispatcher
  return callBelow(hop, backend, { dispatcher, headers: hop.headers })
}

/** What the server says to nobody; undefined when a proxy on the way asks who comes. */
async function sendUnasked(hop: Outgoing, backend: Backend): Promise<Response | undefined> {
  try {
    return await sendBare(hop, backend)
  } catch (error) {
    if (error instanceof TypeError && error.cause instanceof ProxyRefusal) return undefined
    throw error
  }
}

/**
 * A copy is sent where another leg may follow; a stream can be sent only once. Where there is no body, what is sent need not be made of
 * the request, which costs as much as a token.
 *
 * The platform's `dispatcher` option is of its own copy of undici, whose types may differ from ours; the protocol between them does not.
 */
function callBelow(
  { method, url, request }: Outgoing,
  { options, replayable, given }: Backend,
  { dispatcher, headers }: Carried,
): Promise<Response> {
  const { fetch: below = globalThis.fetch } = options
  const changes: object = { redirect: 'manual', ...(headers && { headers }), ...(dispatcher && { dispatcher }) }
  if (request === undefined) return below(url.href, { ...given, ...changes })
  if (given !== undefined && request.body === null) return below(url.href, { ...given, method, body: null, ...changes })
  return below(replayable && request.body !== null ? request.clone() : request, changes)
}

function connectionsOf(ticket: ServiceTicket, { options, tickets }: Backend): IdentityConnections | undefined {
  return keeperOf(options)?.of(ticket, tickets.ticketForProxy ?? tickets.ticketFor)
}

/** None where the app brings its own fetch, or wants the platform's connections. */
function keeperOf(options: FetchRules): Connections | undefined {
  const { fetch: below, connections = below === undefined ? sharedConnections() : 'shared' } = options
  return connections === 'shared' ? undefined : connections
}

function isAsking({ status, headers }: Response): boolean {
  return status === 401 && offersNegotiate(headers.get('www-authenticate'))
}

/**
 * Whether an unproven redirect may be followed: over TLS it came from the backend; without, anybody on the way could send the request
 * elsewhere, so it may lead to the same host alone.
 */
function isHarmlessRedirect(response: Response, from: URL): boolean {
  const location = isRedirect(response) ? response.headers.get('location') : null
  if (location === null || !URL.canParse(location, from.href)) return false
  return from.protocol === 'https:' || new URL(location, from).hostname === from.hostname
}

/** Whether the body can be sent again: there is none, or the caller still holds its source. */
function isReplayable({ request }: Outgoing, init: RequestInit | undefined): boolean {
  if (request === undefined || request.body === null) return true
  const body = init?.body
  if (body === undefined || body === null) return false
  return !(body instanceof ReadableStream) && !(Symbol.asyncIterator in Object(body))
}
