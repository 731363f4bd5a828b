import { createFetch, type FetchEvent } from '@s4u/fetch'
import type { KdcClient, ServiceTicket } from '@s4u/kdc-client'

/** One request with a ticket, and what it has shown. */
export interface Answered {
  readonly response: Response
  /** The ticket that was shown last; undefined where no origin was given one. */
  readonly ticket?: ServiceTicket
  /** Whether the server has proved that it is the one that the ticket is for. */
  readonly isServerProven: boolean
}

export interface Asked {
  readonly url: string
  readonly init: RequestInit
  /** In whose name; undefined for the account of the client itself. */
  readonly user?: string
  readonly mutualAuthentication: 'require' | 'optional' | 'off'
}

/** Fetches a URL as the account of a client, or as a user for whom that account acts. */
export async function requestAs(client: KdcClient, asked: Asked): Promise<Answered> {
  const { url, init, user, mutualAuthentication } = asked
  let ticket: ServiceTicket | undefined
  let isServerProven = false
  const onEvent = (event: FetchEvent): void => {
    if (event.kind === 'authenticated') isServerProven = event.serverProven
  }
  const fetch = createFetch({
    onEvent,
    mutualAuthentication,
    async ticketFor(spn, request) {
      const grounds = user === undefined ? undefined : { user, protocolTransition: true }
      const asUser = grounds && (await client.ticketAs(grounds, spn, request))
      ticket = asUser?.ticket ?? (await client.ticketFor(spn, request))
      return ticket
    },
  })
  const response = await fetch(url, init)
  return { response, isServerProven, ...(ticket !== undefined && { ticket }) }
}
