import { closeOptions, ConfigurationError, type KdcClient, pickOptions } from '@s4u/kdc-client'
import { Authenticator } from '../negotiation/token-issuer.js'
import { requireConnections } from '../connections/connections.js'
import {
  FETCH_OPTIONS,
  FETCH_RULES,
  type FetchRules,
  type FetchTickets,
  type NegotiatedFetchOptions,
} from './fetch-options.js'
import { checkPreemptive } from '../options/learned-origins.js'
import { negotiate } from './negotiated-request.js'
import { OwnDispatcher } from '../connections/own-dispatcher.js'
import { type Fetch, requireTicketSource } from '../options/negotiate-options.js'
import { hasOwnMembersOnly, type Outgoing, outgoing } from './outgoing.js'
import { followRedirects } from './redirect.js'
import { type Backend, keeperOf, requireOwnConnections, sendBare, sendToStranger } from './sending.js'

/**
 * A `fetch` that shows a ticket with each request and checks the server's answer to it. Each
 * request carries a fresh token: one that is sent twice is a replay. A request that brings its own
 * `Authorization`, or is made with `credentials: 'omit'`, goes as it is; so does the rest of a
 * redirect to an origin that was not listed, or from https down to http. Source: RFC 4559.
 *
 * Options are checked at once. The fetch throws KdcError, DelegationRefusedError,
 * KdcUnreachableError (no ticket), and RejectedTokenError KRB_AP_ERR_MUT_FAIL (not the right
 * server).
 *
 * A KDC client in place of options calls backends in the service's own name: `createFetch(client)`.
 *
 * @throws ConfigurationError
 */
export function createFetch(options: NegotiatedFetchOptions, ...others: readonly never[]): Fetch {
  if (others.length > 0) throw oneArgument()
  if (isKdcClient(options)) return prepareFetch({})({ ticketFor: (spn, request) => options.ticketFor(spn, request) })
  const closed = closeOptions('createFetch', options, FETCH_OPTIONS)
  // As methods of the caller's object, which they may need.
  const ticketFor = requireTicketSource('createFetch', closed.ticketFor).bind(options)
  const ticketForProxy = closed.ticketForProxy?.bind(options)
  return prepareFetch(pickOptions<FetchRules>(closed, FETCH_RULES))({
    ticketFor,
    ticketForProxy,
    clientSid: closed.clientSid,
  })
}

function oneArgument(): ConfigurationError {
  return new ConfigurationError('createFetch takes one argument, and was given more', {
    hint: 'Give the client and the options in one object: createFetch({ ticketFor: (spn, options) => client.ticketFor(spn, options), serviceNames: … }).',
  })
}

function isKdcClient(options: object): options is KdcClient {
  return typeof options === 'object' && options !== null && 's4u2proxy' in options
}

/**
 * The same for many identities: options are checked once, and what is made is a `createFetch`
 * without tickets. @throws ConfigurationError
 */
export function prepareFetch(rules: FetchRules): (tickets: FetchTickets) => Fetch {
  const options = closeOptions('fetch', rules, FETCH_RULES)
  checkPreemptive(options.preemptive)
  requireConnections(options.connections)
  const authenticator = new Authenticator(options)
  return (tickets) => fetchWith(options, authenticator, tickets)
}

function fetchWith(options: FetchRules, authenticator: Authenticator, tickets: FetchTickets): Fetch {
  return async (input, init) => {
    const first = outgoing(input, init)
    const ready = requireOwnConnections(options)
    if (ready !== true) await ready
    const said: RequestInit & { readonly dispatcher?: unknown } = init ?? {}
    const backend: Backend = {
      options,
      authenticator,
      tickets,
      replayable: isReplayable(first, init),
      given: input instanceof Request || !hasOwnMembersOnly(said) ? undefined : said,
      keeper: options.connections === 'shared' ? undefined : (OwnDispatcher.of(said.dispatcher) ?? keeperOf(options)),
      followed: first.redirect === 'follow',
      isFor: authenticator.isListed ?? ((url) => url === first.url || url.origin === first.url.origin),
    }
    const bare = first.headers?.has('authorization')
    return await followRedirects(first, backend.replayable, async (hop, { downgraded, owesProof }) => {
      if (first.credentials === 'omit' || downgraded || !backend.isFor(hop.url))
        return { response: await sendToStranger(hop, backend) }
      return bare ? { response: await sendBare(hop, backend) } : negotiate(hop, backend, owesProof)
    })
  }
}

/** Whether the body can be sent again: there is none, or the caller still holds its source. */
function isReplayable({ request }: Outgoing, init: RequestInit | undefined): boolean {
  if (request === undefined || request.body === null) return true
  const body = init?.body
  if (body === undefined || body === null) return false
  return !(body instanceof ReadableStream) && !(Symbol.asyncIterator in Object(body))
}
