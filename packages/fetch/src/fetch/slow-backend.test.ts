/** Backends that would hold an app, or its memory, for as long as they like. */
import { findNegotiateChallenge } from '@s4u/gssapi'
import type { ServerResponse } from 'node:http'
import { Agent, request } from 'undici'
import { describe, expect, test } from 'vitest'
import { backendFixture } from '../../../../test/stories/backend-fixture.js'
import { challengeSchemes } from '../answers/challenge-schemes.js'
import { Connections } from '../connections/connections.js'
import { negotiateInterceptor } from '../interceptor.js'
import type { CreateFetchOptions } from './fetch-options.js'
import { createFetch } from './create-fetch.js'
import { acceptorOf, authenticate, issueTicket, serviceNamed } from '../../../../test/stories/kerberos-backend.js'

const { service, keep, server } = backendFixture()
/**
 * Far more than any limit of the package for what nobody reads, far less than a body that drips.
 * Milliseconds.
 */
const PATIENCE = 10_000

/** A body of which an octet comes now and then, and which never ends. */
function drip(response: ServerResponse): undefined {
  response.write('x')
  const timer = setInterval(() => response.write('x'), 100)
  response.once('close', () => clearInterval(timer))
  return undefined
}

function fetchWith(options: Partial<CreateFetchOptions> = {}) {
  return createFetch({ ticketFor: async () => issueTicket(service), ...options })
}

const tooLong = (after: number) =>
  new Promise<string>((resolve) => setTimeout(() => resolve('still waiting'), after).unref())

describe('a body that drips', () => {
  test('does not keep the refusal of a server that did not prove itself', async () => {
    const { origin } = await server((_request, response) => drip(response.writeHead(200)))
    const answer = fetchWith()(origin).catch((error: unknown) => error)
    // At once: no octet of the body is waited for.
    expect(await Promise.race([answer, tooLong(900)])).toMatchObject({ code: 'KRB_AP_ERR_MUT_FAIL' })
  })

  test.each(['preemptive: false', 'an interceptor'])('does not hold up the answer to a challenge (%s)', async (by) => {
    const acceptor = acceptorOf(service)
    const { origin } = await server((incoming, response) => {
      if (incoming.headers.authorization !== undefined) return authenticate(acceptor, incoming, response)
      return drip(response.writeHead(401, { 'www-authenticate': 'Negotiate' }))
    })
    const options = { ticketFor: async () => issueTicket(service), preemptive: false, origins: [origin] }
    const agent = new Agent()
    const dispatcher = agent.compose(negotiateInterceptor(options))
    const ask = async () =>
      by === 'an interceptor'
        ? (await request(origin, { dispatcher })).body.text()
        : (await createFetch(options)(origin)).text()
    expect(await Promise.race([ask(), tooLong(PATIENCE)])).toBe('alice@AD.TEST')
    await agent.destroy()
  })

  test('does not hold up a redirect', async () => {
    const acceptor = acceptorOf(service)
    const { origin } = await server((incoming, response) => {
      if (incoming.url === '/end') return authenticate(acceptor, incoming, response)
      return drip(response.writeHead(302, { location: '/end' }))
    })
    const answer = fetchWith()(origin).then((response) => response.text())
    expect(await Promise.race([answer, tooLong(PATIENCE)])).toBe('alice@AD.TEST')
  })

  test('does not hold up a fresh ticket for a key that has changed', async () => {
    const acceptor = acceptorOf(service)
    let isFirst = true
    const { origin } = await server(async (incoming, response) => {
      const end = response.end.bind(response)
      if (isFirst) response.end = () => (drip(response), response)
      isFirst = false
      const principal = await authenticate(acceptor, incoming, response)
      response.end = end
      return principal
    })
    const tickets = [issueTicket({ ...service, key: serviceNamed().key }), issueTicket(service)]
    const ticketFor = async (_: string, { fresh = false }: { fresh?: boolean }) => tickets[fresh ? 1 : 0]
    const answer = fetchWith({ ticketFor })(origin).then((response) => response.text())
    expect(await Promise.race([answer, tooLong(PATIENCE)])).toBe('alice@AD.TEST')
  })

  test('ends by its time limit where it was handed out, and the error says so', async () => {
    const acceptor = acceptorOf(service)
    const { origin } = await server((incoming, response) => {
      response.end = () => (drip(response), response)
      return authenticate(acceptor, incoming, response)
    })
    const connections = keep(new Connections({ bodyTimeLimit: 300 }))
    const response = await fetchWith({ connections })(origin)
    await expect(response.text()).rejects.toMatchObject({
      cause: { name: 'BackendTimeoutError', code: 'ETIMEDOUT', hint: expect.stringContaining('bodyTimeLimit') },
    })
  })
})

describe('an answer that does not begin', () => {
  const limited = (answerTimeLimit = 300) => keep(new Connections({ answerTimeLimit, maxPerOrigin: 1 }))
  const late = { name: 'BackendTimeoutError', code: 'ETIMEDOUT', hint: expect.stringContaining('answerTimeLimit') }

  test('is not waited for without end', async () => {
    const { origin } = await server(() => new Promise(() => {}))
    await expect(fetchWith({ connections: limited() })(origin)).rejects.toMatchObject(late)
  })

  test('is not put off by early hints', async () => {
    const { origin } = await server((_request, response) => {
      const timer = setInterval(() => response.writeProcessing(), 50)
      response.once('close', () => clearInterval(timer))
      return new Promise(() => {})
    })
    await expect(fetchWith({ connections: limited() })(origin)).rejects.toMatchObject(late)
  })

  test('of another request holds up nothing for ever, and what is late is not sent any more', async () => {
    const acceptor = acceptorOf(service)
    let finish = (): unknown => undefined
    const { origin, seen } = await server((incoming, response) => {
      const end = response.end.bind(response)
      response.end = () => (response.write('x'), response)
      finish = () => end('y')
      return authenticate(acceptor, incoming, response)
    })
    const ticket = issueTicket(service)
    // Long enough for an honest answer on a busy machine.
    const call = fetchWith({ connections: limited(2_000), ticketFor: async () => ticket })
    const first = await call(`${origin}/1`)
    const behind = await Promise.allSettled([call(`${origin}/2`), call(`${origin}/3`)])
    expect(behind.map((result) => result.status === 'rejected' && result.reason)).toMatchObject([late, late])
    finish()
    expect(await first.text()).toBe('xy')
    const last = await call(`${origin}/4`)
    finish()
    expect(await last.text()).toBe('xy')
    expect(seen.map(({ url }) => url)).toEqual(['/1', '/4'])
  })
})

test('a backend that would keep connections for long does not', async () => {
  const { origin, closed } = await counting()
  const connections = keep(new Connections({ maxIdentities: 1, keepAlive: 100 }))
  for (const user of ['alice', 'bob', 'carol']) {
    const ticket = issueTicket(service, user)
    const call = createFetch({ ticketFor: async () => ticket, connections })
    await (await call(origin)).text()
  }
  // Sooner than Node's server would close them, which is after five seconds.
  await expect.poll(closed, { timeout: 4_000, interval: 50 }).toBe(3)
})

/** A backend that asks its clients to keep their connections for ten minutes. */
async function counting(): Promise<{ origin: string; closed: () => number }> {
  const acceptor = acceptorOf(service)
  const sockets = new Set<object>()
  let closed = 0
  const { origin } = await server((incoming, response) => {
    const { socket } = incoming
    if (!sockets.has(socket)) socket.once('close', () => void closed++)
    sockets.add(socket)
    response.setHeader('keep-alive', 'timeout=600')
    return authenticate(acceptor, incoming, response)
  })
  return { origin, closed: () => closed }
}

describe('a challenge that was made to be slow to read', () => {
  /**
   * A quadratic reader takes a hundred times as long for ten times as much; one that is not, ten
   * times.
   */
  const growth = (read: (text: string) => unknown, make: (length: number) => string): number => {
    const [small, large] = [make(20_000), make(200_000)]
    const fastest = (text: string): number => {
      let best = Infinity
      for (let count = 0; count < 5; count++) {
        const start = process.cpuUsage()
        read(text)
        const { user, system } = process.cpuUsage(start)
        best = Math.min(best, user + system)
      }
      return best
    }
    fastest(small)
    return fastest(large) / Math.max(fastest(small), 500)
  }
  const texts: [string, (length: number) => string][] = [
    ['of quotes that do not close', (length) => '"' + '\\"'.repeat(length / 2)],
    ['of escapes', (length) => '\\'.repeat(length)],
    ['of quotes', (length) => '"'.repeat(length - 1)],
    ['of quotes and commas', (length) => '",'.repeat(length / 2)],
    ['of blanks', (length) => 'a' + ' '.repeat(length) + '='],
    ['of blanks and no scheme', (length) => ' '.repeat(length) + '"'],
    ['of one word', (length) => 'a'.repeat(length) + '"'],
    ['of words', (length) => 'a '.repeat(length / 2)],
    ['of commas', (length) => ','.repeat(length)],
    ['of schemes', (length) => Array.from({ length: length / 6 }, (_, index) => `s${index}`).join(',')],
    ['of Negotiates', (length) => 'Negotiate,'.repeat(length / 10)],
    ['of equals signs', (length) => 'Negotiate ' + 'A'.repeat(length / 2) + '='.repeat(length / 2) + '!'],
    ['of parameters', (length) => 'a = '.repeat(length / 4)],
  ]

  test.each(texts)('%s costs as much for each octet as any other', (_, make) => {
    expect(growth(challengeSchemes, make)).toBeLessThan(40)
    const find = (text: string): unknown => {
      try {
        return findNegotiateChallenge(text)
      } catch (error) {
        return error
      }
    }
    expect(growth(find, make)).toBeLessThan(40)
  })
})
