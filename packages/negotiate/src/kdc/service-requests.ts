/** Requests that the service makes in its own name. */

import {
  createAuthorizationFor,
  type FetchTickets,
  TOKEN_OPTIONS,
  type TokenOptions,
  prepareFetch,
  type ServiceRequests,
} from '@s4u/fetch'
import { type KdcClient, pickOptions } from '@s4u/kdc-client'
import type { FetchOptions } from '../delegation/impersonation.js'

/**
 * Returns a fetch as the service. The KDC client is made by the first request, so that an app
 * without such requests needs no KDC.
 */
export function serviceRequests(client: { get(): Promise<KdcClient> }, options: FetchOptions): ServiceRequests {
  const ticketFor: FetchTickets['ticketFor'] = async (spn, request) => (await client.get()).ticketFor(spn, request)
  return {
    fetch: prepareFetch(options)({ ticketFor }),
    authorizationFor: createAuthorizationFor({
      ...pickOptions<TokenOptions>(options, TOKEN_OPTIONS),
      ticketFor,
    }),
  }
}
