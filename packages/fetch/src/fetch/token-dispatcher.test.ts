import { createInitiator } from '@s4u/gssapi'
import { ConfigurationError, type ServiceTicket } from '@s4u/kdc-client'
import { Agent, type Dispatcher } from 'undici'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { issueTicket } from '../../../../test/stories/kerberos-backend.js'
import { backendFixture } from '../../../../test/stories/backend-fixture.js'
import { TokenDispatcher } from './token-dispatcher.js'
import { createFetch } from './create-fetch.js'
import type { Fetch } from '../options/token-options.js'

const { service, site, keepAgent } = backendFixture()
const alice = issueTicket(service, 'alice')
const platformFetch = globalThis.fetch

afterEach(() => {
  globalThis.fetch = platformFetch
})

const fetchAs = (ticket: ServiceTicket): Fetch => createFetch({ ticketFor: async () => ticket })

/** The init of a fetch with this token, on connections of its own. */
function prepared(agent: Agent): object {
  const { authorization } = createInitiator({ ticket: alice, now: Date.now })
  return {
    dispatcher: new TokenDispatcher({ dispatcher: agent, limits: { answer: Infinity, body: Infinity } }, authorization),
  }
}

describe('a token', () => {
  test('is added below the fetch, which does not see it', async () => {
    const { origin } = await site()
    const below = vi.fn<Fetch>((input, init) => platformFetch(input, init))
    const ticketFor = async () => alice
    expect(await (await createFetch({ ticketFor, fetch: below })(origin)).text()).toBe('alice@AD.TEST')
    for (const [input, init] of below.mock.calls)
      expect(new Request(input, { headers: init?.headers }).headers.get('authorization')).toBeNull()
    expect(below).toHaveBeenCalledTimes(2)
  })

  test('is among the headers where the app wants the connections of the fetch below', async () => {
    const { origin } = await site()
    const below = vi.fn<Fetch>((input, init) => platformFetch(input, init))
    const call = createFetch({ ticketFor: async () => alice, fetch: below, connections: 'shared' })
    expect(await (await call(origin)).text()).toBe('alice@AD.TEST')
    expect(below).toHaveBeenCalledTimes(1)
    const [[, init]] = below.mock.calls
    expect(new Headers(init?.headers).get('authorization')).toMatch(/^Negotiate /)
  })

  test('is shown once, whatever sends its request again', async () => {
    const { origin, seen } = await site()
    const init = prepared(keepAgent(new Agent()))
    expect(await (await platformFetch(origin, init)).text()).toBe('alice@AD.TEST')
    await expect(platformFetch(origin, init)).rejects.toMatchObject({
      cause: { message: expect.stringContaining('sent before') },
    })
    expect(seen).toHaveLength(1)
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

  test('arrives by what has replaced the platform’s fetch, and by none that loses the dispatcher', async () => {
    const { origin, seen } = await site()
    const lose: Fetch = (input, init) => platformFetch(new Request(origin, new Request(input, init)))
    const pass: Fetch = (input, init) => platformFetch(input, init)
    for (const replaced of [platformFetch, lose, pass, lose, platformFetch]) {
      globalThis.fetch = replaced
      const before = seen.length
      for (let times = 0; times < 3; times++) {
        const answer = fetchAs(alice)(origin)
        if (replaced === lose) await expect(answer).rejects.toBeInstanceOf(ConfigurationError)
        else expect(await (await answer).text()).toBe('alice@AD.TEST')
      }
      // Without a token, and to nobody's address, a request may have been tried.
      if (replaced === lose) expect(seen.slice(before).filter(({ principal }) => principal)).toEqual([])
    }
  })
})

describe('a tokenDispatcher', () => {
  const carried = (authorization: string | undefined) => {
    const sent: Dispatcher.DispatchOptions[] = []
    const dispatch: Dispatcher['dispatch'] = (options) => sent.push(options) > 0
    const tokenDispatcher = new TokenDispatcher(
      { dispatcher: { dispatch } as Dispatcher, limits: { answer: Infinity, body: Infinity } },
      authorization,
    )
    const options = { origin: 'https://api.ad.test', path: '/', method: 'GET', headers: { 'x-a': '1' } } as const
    return { tokenDispatcher, sent, options, go: () => tokenDispatcher.dispatch(options, {}) }
  }

  test('adds its token once, and says that it was used', () => {
    const { tokenDispatcher, sent, options, go } = carried('Negotiate YII=')
    expect(tokenDispatcher.isUsed).toBe(false)
    expect(go()).toBe(true)
    expect(tokenDispatcher.isUsed).toBe(true)
    expect(sent).toEqual([{ ...options, headers: { 'x-a': '1', authorization: 'Negotiate YII=' } }])
    expect(go).toThrow(new TypeError('a token is good for one request, and this one was sent before'))
    expect(sent).toHaveLength(1)
  })

  test('without a token passes on what it is given, as often as that comes', () => {
    const { tokenDispatcher, sent, options, go } = carried(undefined)
    expect([go(), go()]).toEqual([true, true])
    expect(tokenDispatcher.isUsed).toBe(true)
    expect(sent[0]).toBe(options)
    expect(sent[1]).toBe(options)
  })

  test('ends what takes too long, and names the origin', async () => {
    const dispatcher = { dispatch: () => true } as unknown as Dispatcher
    const failed = new Promise<never>((_resolve, reject) => {
      new TokenDispatcher({ dispatcher, limits: { answer: 1, body: 1 } }, undefined).dispatch(
        { origin: 'https://api.ad.test', path: '/', method: 'GET' },
        { onRequestStart: () => {}, onResponseError: (_, error) => reject(error) },
      )
    })
    await expect(failed).rejects.toThrow('https://api.ad.test did not begin to answer within 1 ms')
  })
})
