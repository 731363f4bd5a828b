import { closeOptions, ConfigurationError, type KdcClient, pickOptions } from '@s4u/kdc-client'
import { isReplayableRequest } from '../handlers/replayable-body.js'
import { TokenIssuer } from '../negotiation/token-issuer.js'
import { requireConnections } from '../connections/connections.js'
import {
  CREATE_FETCH_OPTIONS,
  FETCH_OPTIONS,
  type FetchOptions,
  type FetchTickets,
  CLIENT_FETCH_OPTIONS,
  type ClientFetchOptions,
  type CreateFetchOptions,
} from './fetch-options.js'
import { checkPreemptive } from '../options/learned-origins.js'
import { checkUnderlyingFetch } from './dispatcher-use.js'
import { negotiateRequest } from './negotiate-request.js'
import { OwnDispatcher } from '../connections/own-dispatcher.js'
import { type Fetch, ticketsOf } from '../options/token-options.js'
import { hasOwnMembersOnly, outgoing } from './outgoing-request.js'
import { followRedirects } from './redirect.js'
import {
  type FetchCall,
  keeperOf,
  requireOwnConnections,
  sendWithoutToken,
  sendOutsideOrigins,
} from './send-request.js'

/**
 * Returns a `fetch` that shows a ticket with each request and checks the server's answer to it.
 * Each request carries a new token, since a token that is sent twice is a replay. A request with an
 * `Authorization` of its own, or with `credentials: 'omit'`, is sent as it is. So is the rest of a
 * redirect to an origin that was not listed, or from https to http. Source: RFC 4559.
 *
 * Options are checked at once. The returned fetch throws KdcError, DelegationRefusedError or
 * KdcUnreachableError if there is no ticket, and UnprovenAnswerError (KRB_AP_ERR_MUT_FAIL) if the
 * server did not prove itself.
 *
 * @param client a KDC client: requests go in the name of its account
 * @throws ConfigurationError
 * @example
 * ```ts
 * import { createFetch } from '@s4u/fetch'
 * import { createKdcClient } from '@s4u/kdc-client'
 *
 * const credentials = { principal: 'svc-web@AD.TEST', keytab: 'web.keytab' }
 * const client = createKdcClient({ credentials })
 * const fetch = createFetch(client, { origins: ['https://api.ad.test'] })
 * const orders = await fetch('https://api.ad.test/orders')
 * ```
 */
export function createFetch(client: KdcClient, options?: ClientFetchOptions): Fetch
/** Returns the same of options that supply the tickets: a client, or a function. */
export function createFetch(options: CreateFetchOptions): Fetch
export function createFetch(given: KdcClient | CreateFetchOptions, more?: ClientFetchOptions): Fetch {
  if (isKdcClient(given)) {
    const options = closeOptions('createFetch', more, CLIENT_FETCH_OPTIONS)
    return fetchOf({ ...options, client: given }, more ?? {})
  }
  if (more !== undefined) throw notAClient()
  return fetchOf(closeOptions('createFetch', given, CREATE_FETCH_OPTIONS), given)
}

/**
 * Makes the fetch.
 * @param given the caller's own object: functions among the options are called as its methods
 */
function fetchOf(options: CreateFetchOptions, given: object): Fetch {
  const tickets = ticketsOf('createFetch', options, given)
  const ticketForProxy = options.ticketForProxy?.bind(given)
  return prepareFetch(pickOptions<FetchOptions>(options, FETCH_OPTIONS))({ ...tickets, ticketForProxy })
}

function notAClient(): ConfigurationError {
  return new ConfigurationError('createFetch was given two arguments, and the first is not a KDC client', {
    hint: "Write createFetch(createKdcClient({ credentials: { principal: 'svc-web@AD.TEST', keytab: 'web.keytab' } }), { serviceNames: { '10.0.0.7': 'HTTP/api.ad.test' } }), or give all options in one object.",
  })
}

function isKdcClient(given: object): given is KdcClient {
  return typeof given === 'object' && given !== null && 's4u2proxy' in given
}

/**
 * Checks the options once for many identities, and returns a function that makes the fetch of one
 * identity.
 * @throws ConfigurationError
 * @example
 * ```ts
 * import { prepareFetch } from '@s4u/fetch'
 * import { createKdcClient } from '@s4u/kdc-client'
 *
 * const fetchFor = prepareFetch({ origins: ['https://api.ad.test'] })
 * const credentials = { principal: 'svc-a@AD.TEST', keytab: 'a.keytab' }
 * const fetch = fetchFor(createKdcClient({ credentials }))
 * ```
 */
export function prepareFetch(given: FetchOptions): (tickets: FetchTickets) => Fetch {
  const options = closeOptions('fetch', given, FETCH_OPTIONS)
  checkPreemptive(options.preemptive)
  requireConnections(options.connections)
  checkUnderlyingFetch(options)
  const issuer = new TokenIssuer(options)
  return (tickets) => fetchWith(options, issuer, tickets)
}

function fetchWith(options: FetchOptions, issuer: TokenIssuer, tickets: FetchTickets): Fetch {
  return async (input, init) => {
    const first = outgoing(input, init)
    const ready = requireOwnConnections(options)
    if (ready !== true) await ready
    const requestInit: RequestInit & { readonly dispatcher?: unknown } = init ?? {}
    const call: FetchCall = {
      options,
      issuer,
      tickets,
      replayable: isReplayableRequest(first.request, init),
      init: input instanceof Request || !hasOwnMembersOnly(requestInit) ? undefined : requestInit,
      keeper:
        options.connections === 'shared' ? undefined : (OwnDispatcher.of(requestInit.dispatcher) ?? keeperOf(options)),
      followed: first.redirect === 'follow',
      mayHaveCredentials: issuer.isListed ?? ((url) => url === first.url || url.origin === first.url.origin),
    }
    const hasOwnAuthorization = first.headers?.has('authorization')
    return await followRedirects(first, call.replayable, async (hop, { downgraded, owesProof }) => {
      if (first.credentials === 'omit' || downgraded || !call.mayHaveCredentials(hop.url))
        return { response: await sendOutsideOrigins(hop, call) }
      return hasOwnAuthorization
        ? { response: await sendWithoutToken(hop, call) }
        : negotiateRequest(hop, call, owesProof)
    })
  }
}
