/**
 * Errors of backends that put no proof on them: what is handed out, and what an app learns where
 * they are not.
 */
import { once } from 'node:events'
import { Agent, request } from 'undici'
import { describe, expect, test } from 'vitest'
import { acceptorOf, authenticate, issueTicket, type Site } from '../../../../test/stories/kerberos-backend.js'
import { backendFixture } from '../../../../test/stories/backend-fixture.js'
import { createNegotiationFor } from '../authorization-for.js'
import { Connections } from '../connections/connections.js'
import type { FetchEvent } from '../events/events.js'
import { negotiateInterceptor } from '../interceptor.js'
import type { CreateFetchOptions } from './fetch-options.js'
import { createFetch } from './create-fetch.js'
import { UnprovenAnswerError } from '../answers/unproven-answer.js'

const { service, keep, server } = backendFixture()
const HEADERS = { 'content-type': 'text/html', 'set-cookie': 'forged=1', location: 'https://evil.test/', 'x-why': 'no' }

const failing = (status: number): Promise<Site> =>
  server((_request, response) => response.writeHead(status, 'Forged reason', HEADERS).end('a page'))

const call = (options: Partial<CreateFetchOptions>) =>
  createFetch({ ticketFor: async () => issueTicket(service), ...options })

const ERRORS = [400, 403, 404, 409, 500, 502, 503, 504]

describe('under require an error without a proof', () => {
  test.each(ERRORS)('%i is told by its status, and 502 is what a handler answers', async (status) => {
    const { origin } = await failing(status)
    for (const preemptive of [true, false]) {
      const error: unknown = await call({ preemptive, origins: [origin] })(origin).catch((reason: unknown) => reason)
      expect(error).toBeInstanceOf(UnprovenAnswerError)
      expect(error).toMatchObject({
        name: 'RejectedTokenError',
        code: 'KRB_AP_ERR_MUT_FAIL',
        status: 502,
        answer: { origin, service: 'HTTP/localhost', status },
        hint: expect.stringContaining("mutualAuthentication: 'optional'"),
      })
    }
  })

  test('is handed out once the hint is followed', async () => {
    const { origin } = await failing(409)
    await expect(call({})(origin)).rejects.toMatchObject({ answer: { status: 409 } })
    expect((await call({ mutualAuthentication: 'optional' })(origin)).status).toBe(409)
  })
})

describe('under optional', () => {
  test.each(ERRORS)('the status of a %i is handed out, and nothing else that nobody proved', async (status) => {
    const { origin } = await failing(status)
    const events: FetchEvent[] = []
    const response = await call({ mutualAuthentication: 'optional', onEvent: (event) => events.push(event) })(origin)
    expect(response).toMatchObject({ status, ok: false, url: `${origin}/`, redirected: false })
    expect([...response.headers]).toEqual([])
    expect(response.statusText).not.toBe('Forged reason')
    expect(await response.text()).toBe('')
    const subject = { origin, service: 'HTTP/localhost', client: 'alice@AD.TEST', status }
    expect(events).toEqual([{ kind: 'error-not-proven', ...subject, sanitized: true }])
  })

  test('all of an error is handed out where the app says so', async () => {
    const { origin } = await failing(403)
    for (const preemptive of [true, false]) {
      const options = { mutualAuthentication: 'optional', sanitize: false, preemptive, origins: [origin] } as const
      const response = await call(options)(origin)
      expect(response.status).toBe(403)
      expect(response.headers.get('x-why')).toBe('no')
      expect(await response.text()).toBe('a page')
    }
  })

  test.each([200, 204, 304])('a %i without a proof is refused as ever', async (status) => {
    const { origin } = await failing(status)
    for (const preemptive of [true, false]) {
      const answer = call({ mutualAuthentication: 'optional', preemptive, origins: [origin] })(origin)
      await expect(answer).rejects.toMatchObject({ code: 'KRB_AP_ERR_MUT_FAIL', status: 502, answer: { status } })
    }
  })

  test.each([600, 999])('a %i, which is no status of HTTP, is refused as well', async (status) => {
    const { origin } = await failing(status)
    for (const preemptive of [true, false]) {
      const answer = call({ mutualAuthentication: 'optional', preemptive, origins: [origin] })(origin)
      await expect(answer).rejects.toMatchObject({ code: 'KRB_AP_ERR_MUT_FAIL', status: 502, answer: { status } })
    }
  })

  test('a redirect without a proof leads nowhere', async () => {
    const { origin } = await failing(302)
    const answer = call({ mutualAuthentication: 'optional' })(origin)
    await expect(answer).rejects.toMatchObject({ code: 'KRB_AP_ERR_MUT_FAIL', answer: { status: 302 } })
  })

  test('a proof that is wrong is refused on an error too', async () => {
    const { origin } = await server((_request, response) =>
      response.writeHead(403, { 'www-authenticate': 'Negotiate AAAA' }).end('forged'),
    )
    const answer = call({ mutualAuthentication: 'optional', sanitize: false })(origin)
    await expect(answer).rejects.toMatchObject({ name: 'MalformedTokenError', status: 502 })
  })

  test('an error with its proof is handed out whole', async () => {
    const acceptor = acceptorOf(service)
    const { origin } = await server((incoming, response) => {
      response.statusCode = 403
      return authenticate(acceptor, incoming, response)
    })
    const events: FetchEvent[] = []
    const response = await call({ mutualAuthentication: 'optional', onEvent: (event) => events.push(event) })(origin)
    expect(response.status).toBe(403)
    expect(await response.text()).toBe('alice@AD.TEST')
    expect(events).toMatchObject([{ kind: 'authenticated', serverProven: true }])
  })

  test('an error of a server that does not ask is sanitized too, where it was expected to ask', async () => {
    const { origin } = await failing(503)
    const events: FetchEvent[] = []
    const options = { mutualAuthentication: 'optional', preemptive: false, origins: [origin] } as const
    const response = await call({ ...options, onEvent: (event) => events.push(event) })(origin)
    expect([response.status, [...response.headers], await response.text()]).toEqual([503, [], ''])
    expect(events).toMatchObject([{ kind: 'server-not-asking', status: 503 }])
  })

  test('the connection of a short error goes on to carry the next request', async () => {
    const { origin, seen } = await failing(409)
    const connections = new Connections()
    keep(connections)
    const ticket = issueTicket(service)
    const fetch = call({ mutualAuthentication: 'optional', ticketFor: async () => ticket, connections })
    for (let count = 0; count < 3; count++) {
      await fetch(origin)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    expect(new Set(seen.map(({ port }) => port)).size).toBe(1)
  })

  test('an error whose page has no end holds nobody up', async () => {
    const { origin } = await server(async (_request, response) => {
      const timer = setInterval(() => response.write('x'.repeat(100_000)), 5)
      await once(response.writeHead(500), 'close')
      clearInterval(timer)
    })
    const response = await call({ mutualAuthentication: 'optional' })(origin)
    expect([response.status, await response.text()]).toEqual([500, ''])
  })

  test('of a proxy is no word: what it hands on is not its own', () => {
    const proxy: object = { url: 'http://proxy.test', mutualAuthentication: 'optional' }
    expect(() => new Connections({ proxy: proxy as { url: string } })).toThrow(
      'proxy.mutualAuthentication must be one of require, off, not "optional"',
    )
  })
})

describe('below an interceptor', () => {
  const dispatching = (origin: string, options: object) => {
    const agent = new Agent()
    keep({ [Symbol.asyncDispose]: () => agent.destroy() })
    const ticketFor = async () => issueTicket(service)
    return agent.compose(
      negotiateInterceptor({ ticketFor, origins: [origin], mutualAuthentication: 'optional', ...options }),
    )
  }

  test.each([true, false])(
    '(preemptive: %j) only the status of an unproven error comes through',
    async (preemptive) => {
      const { origin } = await failing(403)
      const { statusCode, headers, body } = await request(origin, { dispatcher: dispatching(origin, { preemptive }) })
      expect([statusCode, headers, await body.text()]).toEqual([403, {}, ''])
    },
  )

  test('nor do the headers reach whoever reads them raw', async () => {
    const { origin } = await failing(403)
    const dispatcher = dispatching(origin, {})
    const { headers } = await request(origin, { dispatcher, responseHeaders: 'raw' })
    expect(headers).toEqual([])
    const init: object = { dispatcher }
    const response = await fetch(origin, init)
    expect([response.status, [...response.headers], await response.text()]).toEqual([403, [], ''])
  })

  test('a page without an end is cut off', async () => {
    const { origin } = await server(async (_request, response) => {
      const timer = setInterval(() => response.write('x'.repeat(100_000)), 5)
      await once(response.writeHead(500), 'close')
      clearInterval(timer)
    })
    const { statusCode, body } = await request(origin, { dispatcher: dispatching(origin, {}) })
    expect([statusCode, await body.text()]).toEqual([500, ''])
  })

  test('all of it does, where the app says so', async () => {
    const { origin } = await failing(403)
    const { headers, body } = await request(origin, { dispatcher: dispatching(origin, { sanitize: false }) })
    expect([headers['x-why'], await body.text()]).toEqual(['no', 'a page'])
  })
})

describe('verify', () => {
  const negotiation = (options = {}) =>
    createNegotiationFor({ ticketFor: async () => issueTicket(service), ...options })('http://localhost/')

  test('lets an unproven error pass under optional, and says that it is none of the server’s', async () => {
    const { verify } = await negotiation({ mutualAuthentication: 'optional' })
    expect(verify({ status: 403 })).toEqual({ proven: false })
  })

  test('refuses it under require', async () => {
    const { verify } = await negotiation()
    expect(() => verify({ status: 403 })).toThrow('HTTP/localhost answered 403 and did not prove its identity')
  })

  test('refuses a second answer to one negotiation, proven or not, and a 401 is an answer', async () => {
    const acceptor = acceptorOf(service)
    const { origin } = await server((incoming, response) => authenticate(acceptor, incoming, response))
    const { authorization, verify } = await negotiation()
    const { status, headers } = await fetch(origin, { headers: { authorization } })
    const answer = { status, challenge: headers.get('www-authenticate') }
    expect(verify(answer)).toEqual({ proven: true })
    const second = {
      name: 'RejectedTokenError',
      code: 'KRB_AP_ERR_MUT_FAIL',
      status: 502,
      message: 'HTTP/localhost answered 200 to a negotiation that was answered before',
    }
    for (const again of [answer, { status: 200 }]) expect(errorOf(() => verify(again))).toMatchObject(second)
    const refused = await negotiation()
    expect(refused.verify({ status: 401, challenge: 'Negotiate AAAA' })).toEqual({
      proven: false,
      refusal: { kind: 'refused', schemes: ['Negotiate'], code: 'GSS_S_DEFECTIVE_TOKEN' },
    })
    expect(errorOf(() => refused.verify({ status: 200 }))).toMatchObject(second)
    const failed = await negotiation({ mutualAuthentication: 'off' })
    expect(failed.verify({ status: 200 })).toEqual({ proven: false })
    expect(errorOf(() => failed.verify({ status: 200 }))).toMatchObject(second)
  })
})

function errorOf(call: () => unknown): unknown {
  try {
    call()
  } catch (error) {
    return error
  }
  throw new Error('it did not fail')
}
