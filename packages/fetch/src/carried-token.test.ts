import { createInitiator } from '@s4u/gssapi'
import type { ServiceTicket } from '@s4u/kdc-client'
import { Agent } from 'undici'
import { afterEach, describe, expect, test } from 'vitest'
import { acceptorOf, authenticate, issueTicket, serve, serviceNamed } from '../../../test/stories/kerberos-backend.js'
import { carry } from './carried-token.js'
import { createFetch } from './negotiated-fetch.js'
import type { Fetch } from './options.js'

const service = serviceNamed()
const alice = issueTicket(service, 'alice')
const platformFetch = globalThis.fetch
const open: AsyncDisposable[] = []

afterEach(async () => {
  globalThis.fetch = platformFetch
  for (const one of open.splice(0)) await one[Symbol.asyncDispose]()
})

const site = async () => {
  const served = await serve((request, response) => authenticate(acceptorOf(service), request, response))
  open.push(served)
  return served
}

function newAgent(): Agent {
  const agent = new Agent()
  open.unshift({ [Symbol.asyncDispose]: () => agent.close() })
  return agent
}

const fetchAs = (ticket: ServiceTicket): Fetch => createFetch({ ticketFor: async () => ticket })

/** The init of a fetch with this token, on connections of its own, and whether it has the token among its headers. */
function prepared(below: Fetch, agent: Agent) {
  const { authorization } = createInitiator({ ticket: alice, now: Date.now })
  const { headers, dispatcher } = carry(authorization, undefined, agent, below)
  const init: object = { dispatcher, ...(headers && { headers }) }
  return { init, isInHeaders: headers?.get('authorization') === authorization }
}

describe('a token', () => {
  test('goes below a fetch that has been seen to use its dispatcher, and among the headers before', async () => {
    const { origin } = await site()
    const agent = newAgent()
    const below: Fetch = (input, init) => platformFetch(input, init)
    for (const isInHeaders of [true, false, false]) {
      const { init, isInHeaders: found } = prepared(below, agent)
      expect(found).toBe(isInHeaders)
      expect(await (await below(origin, init)).text()).toBe('alice@AD.TEST')
    }
  })

  test('is shown once, whatever sends its request again', async () => {
    const { origin, seen } = await site()
    const agent = newAgent()
    const below: Fetch = (input, init) => platformFetch(input, init)
    await (await below(origin, prepared(below, agent).init)).text()
    const { init } = prepared(below, agent)
    expect(await (await below(origin, init)).text()).toBe('alice@AD.TEST')
    await expect(below(origin, init)).rejects.toMatchObject({
      cause: { message: expect.stringContaining('sent before') },
    })
    expect(seen).toHaveLength(2)
  })

  test('may be of a ticket that a method of the options supplies', async () => {
    const { origin } = await site()
    class Tickets {
      readonly #mine = alice
      async ticketFor() {
        return this.#mine
      }
    }
    expect(await (await createFetch(new Tickets())(origin)).text()).toBe('alice@AD.TEST')
  })

  test('arrives by what has replaced the platform’s fetch, also where that loses the dispatcher', async () => {
    const { origin } = await site()
    const lose: Fetch = (input, init) => platformFetch(new Request(origin, new Request(input, init)))
    const keep: Fetch = (input, init) => platformFetch(input, init)
    for (const replaced of [platformFetch, lose, keep, lose, platformFetch]) {
      globalThis.fetch = replaced
      for (let times = 0; times < 3; times++) {
        expect(await (await fetchAs(alice)(origin)).text()).toBe('alice@AD.TEST')
      }
    }
  })
})
