import { createFetch, type CreateFetchOptions, type Fetch } from '@s4u/fetch'
import { afterEach } from 'vitest'
import { issueTicket, kerberosSite, serve, serviceNamed, type Site } from './kerberos-backend.js'

type SiteOptions = Parameters<typeof kerberosSite>[1]
type Handle = Parameters<typeof serve>[0]
type Certificate = Parameters<typeof serve>[1]

/**
 * Returns a service with its key, and what a test opens for it: backends, clients, connections. All
 * that a test has opened is closed after it, the last one first.
 */
export function backendFixture() {
  const service = serviceNamed()
  const open: AsyncDisposable[] = []

  afterEach(async () => {
    for (const one of open.splice(0).reverse()) await one[Symbol.asyncDispose]()
  })

  function keep<T extends AsyncDisposable>(one: T): T {
    open.push(one)
    return one
  }

  return {
    service,
    keep,
    /** A backend that authenticates each request, and says who it was. */
    site: async (options?: SiteOptions): Promise<Site> => keep(await kerberosSite(service, options)),
    /** A backend that does what the test says. */
    server: async (handle: Handle, certificate?: Certificate): Promise<Site> => keep(await serve(handle, certificate)),
    /** A fetch in the name of a user. */
    fetchAs(user = 'alice', options: Partial<CreateFetchOptions> = {}): Fetch {
      const ticket = issueTicket(service, user)
      return createFetch({ ticketFor: async () => ticket, ...options })
    },
    /** An Agent of undici that the test has made. */
    keepAgent<T extends { destroy(): Promise<void> }>(agent: T): T {
      keep({ [Symbol.asyncDispose]: () => agent.destroy() })
      return agent
    },
  }
}
