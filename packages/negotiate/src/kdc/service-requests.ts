/** Requests that the service makes in its own name, and nobody else's. */

import {
  createAuthorizationFor,
  type FetchTickets,
  NEGOTIATE_RULES,
  type NegotiateRules,
  prepareFetch,
  type ServiceRequests,
} from '@s4u/fetch'
import { type KdcClient, pickOptions } from '@s4u/kdc-client'
import type { FetchOptions } from '../delegation/impersonation.js'

/** The client is made when the first request needs it: an app that makes none needs no KDC. */
export function serviceRequests(client: { get(): Promise<KdcClient> }, options: FetchOptions): ServiceRequests {
  const ticketFor: FetchTickets['ticketFor'] = async (spn, request) => (await client.get()).ticketFor(spn, request)
  return {
    fetch: prepareFetch(options)({ ticketFor }),
    authorizationFor: createAuthorizationFor({
      ...pickOptions<NegotiateRules>(options, NEGOTIATE_RULES),
      ticketFor,
    }),
  }
}
