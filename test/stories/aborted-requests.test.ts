import type { ReplayStore } from '@s4u/acceptor'
import type { NegotiatorOptions } from '@s4u/negotiate'
import { once } from 'node:events'
import { request as send } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { corporation, Desktop } from './fixtures/corporation.js'
import { serve, type Serving } from './fixtures/serve.js'
import { stacks, type Visit } from './fixtures/stacks.js'

/**
 * Clients that are gone before they are answered: a page was left, a proxy has waited long enough.
 * Nothing waits for them, nothing is thrown that no one catches, and none of them has signed in.
 */

const realm = await corporation()
const keytab = realm.keytabFor('web')
const alice = new Desktop(realm, 'alice')

const uncaught: unknown[] = []
const note = (error: unknown): void => void uncaught.push(error)
const EVENTS = ['unhandledRejection', 'uncaughtException'] as const
beforeAll(() => EVENTS.forEach((event) => process.on(event, note)))
afterAll(() => EVENTS.forEach((event) => process.off(event, note)))
afterEach(async () => {
  // Rejections are told of when the microtasks have run.
  await new Promise((resolve) => setImmediate(resolve))
  expect(uncaught.splice(0)).toEqual([])
})

describe.each(stacks)('$name: a client that is gone', (stack) => {
  const open = (options: Partial<NegotiatorOptions>, handle?: (visit: Visit) => unknown) => {
    const built = stack.build({ options: { keytab, ...options }, ...(handle && { handle }) })
    return Promise.resolve(built.ready).then(() => serve(built.listener))
  }

  test.each(['cookie', 'connection'] as const)(
    'while its ticket is looked at has begun no session (%s), and others are served',
    async (session) => {
      const step = new Step()
      const replayCache: ReplayStore = { remember: () => step.reach('fresh') }
      await using site = await open({ replayCache, session })
      const gone = await visitOf(site, { authorization: await alice.authorization() })
      await step.reached
      await gone.leave()
      step.goOn()
      await expectOthersAreServed(site)
    },
  )

  test('while the handler works keeps nothing waiting', async () => {
    const step = new Step()
    await using site = await open({}, ({ identity }) => step.reach({ principal: identity?.principal }))
    const gone = await visitOf(site, { authorization: await alice.authorization() })
    await step.reached
    await gone.leave()
    step.goOn()
    await expectOthersAreServed(site)
  })

  test('in the middle of its body keeps nothing waiting', async () => {
    await using site = await open({})
    const headers = { 'content-type': 'application/x-www-form-urlencoded', 'content-length': '1000' }
    const gone = await visitOf(site, { ...headers, authorization: await alice.authorization() }, 'user=alice')
    await gone.leave()
    await expectOthersAreServed(site)
  })
})

/** A place that work reaches, and where it waits once. */
class Step {
  readonly reached: Promise<void>
  goOn = (): void => {}
  #reach = (): void => {}
  readonly #opened: Promise<void>

  constructor() {
    this.reached = new Promise((resolve) => (this.#reach = resolve))
    this.#opened = new Promise((resolve) => (this.goOn = resolve))
  }

  async reach<T>(value: T): Promise<T> {
    this.#reach()
    await this.#opened
    return value
  }
}

/** Sends a request, and returns what takes it back: resolves when the server has seen it go. */
async function visitOf(site: Serving, headers: Readonly<Record<string, string>>, begun?: string) {
  const seen: Promise<Socket[]> = once(site.server, 'connection')
  const asked = once(site.server, 'request')
  const { port } = site.server.address() as AddressInfo
  const request = send({ host: '127.0.0.1', port, method: begun === undefined ? 'GET' : 'POST', headers })
  // That its own connection is gone.
  request.on('error', () => {})
  if (begun === undefined) request.end()
  else request.write(begun)
  const [socket] = await seen
  await asked
  return {
    async leave(): Promise<void> {
      // Half a body is an error of the connection, too.
      const closed = new Promise<void>((resolve) => void socket.once('close', () => resolve()))
      request.destroy()
      await closed
    },
  }
}

async function expectOthersAreServed(site: Serving): Promise<void> {
  const stranger = await site.get()
  expect(stranger.status).toBe(401)
  const known = await site.get('/', { authorization: await alice.authorization() })
  expect([known.status, JSON.parse(known.body).principal]).toEqual([200, 'alice@AD.TEST'])
}
