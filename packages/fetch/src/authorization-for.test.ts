import { formatChallenge } from '@s4u/gssapi'
import { request as httpRequest } from 'node:http'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { afterEach, expect, test } from 'vitest'
import { issueTicket, kerberosSite, serviceNamed, type Site } from '../../../test/stories/kerberos-backend.js'
import { authorizationFor, currentIdentity, fetch, runAs } from './ambient.js'
import { createAuthorizationFor, createNegotiationFor } from './authorization-for.js'

const service = serviceNamed()
let site: Site | undefined

afterEach(async () => {
  await site?.[Symbol.asyncDispose]()
})

async function get(url: string, authorization: string): Promise<IncomingMessage> {
  const [response]: IncomingMessage[] = await once(httpRequest(url, { headers: { authorization } }).end(), 'response')
  response.resume()
  return response
}

test('a header for a client of the app’s own', async () => {
  site = await kerberosSite(service)
  const headerFor = createAuthorizationFor({ ticketFor: async () => issueTicket(service) })
  const headers = [await headerFor(site.origin), await headerFor(new URL(site.origin))]
  expect(headers[0]).toMatch(/^Negotiate [A-Za-z0-9+/]+=*$/)
  expect(headers[0]).not.toBe(headers[1])
  expect((await get(site.origin, headers[0])).statusCode).toBe(200)
})

test('the answer to it can be verified', async () => {
  site = await kerberosSite(service)
  const negotiationFor = createNegotiationFor({ ticketFor: async () => issueTicket(service) })
  const { authorization, verify } = await negotiationFor(site.origin)
  const { statusCode = 0, headers } = await get(site.origin, authorization)
  verify({ status: statusCode, challenge: headers['www-authenticate'] })
  const forged = await negotiationFor(site.origin)
  expect(() => forged.verify({ status: 200, challenge: formatChallenge() })).toThrow(/did not prove/)
  const other = await negotiationFor(site.origin)
  expect(() => other.verify({ status: 200, challenge: headers['www-authenticate'] })).toThrow(/did not prove/)
  const refused = await negotiationFor(site.origin)
  refused.verify({ status: 401, challenge: 'Negotiate' })
})

test('there is none for an address, or an origin that is not listed', async () => {
  const ticketFor = async () => issueTicket(service)
  const error = { name: 'ConfigurationError', code: 'GSS_S_NO_CRED' }
  await expect(createAuthorizationFor({ ticketFor })('http://127.0.0.1/')).rejects.toMatchObject(error)
  const listed = createAuthorizationFor({ ticketFor, origins: ['https://api.ad.test'] })
  await expect(listed('http://localhost/')).rejects.toMatchObject(error)
})

test('the ambient identity supplies headers and a fetch, across what it starts', async () => {
  const identity = {
    principal: 'alice@AD.TEST',
    fetch: async () => new Response('as alice'),
    authorizationFor: async () => 'Negotiate abc',
  }
  await runAs(identity, async () => {
    await new Promise((resolve) => setTimeout(resolve, 1))
    expect(currentIdentity()).toBe(identity)
    expect(await (await fetch('http://localhost/')).text()).toBe('as alice')
    expect(await authorizationFor('http://localhost/')).toBe('Negotiate abc')
  })
  expect(currentIdentity()).toBeUndefined()
  await expect(authorizationFor('http://localhost/')).rejects.toMatchObject({ name: 'ConfigurationError' })
  await expect(runAs(undefined, () => authorizationFor('http://x/'))).rejects.toMatchObject({ code: 'GSS_S_NO_CRED' })
})

test('what is missing is told', async () => {
  const ticketFor = async () => issueTicket(service)
  await expect(createNegotiationFor({ ticketFor })('http://10.0.0.7:8080/orders?secret')).rejects.toMatchObject({
    name: 'ConfigurationError',
    code: 'GSS_S_NO_CRED',
    message: 'there is no token for http://10.0.0.7:8080',
    hint: "Write the name of the host in the URL, or name the service: serviceNames: { '10.0.0.7': 'HTTP/api.ad.test' }, as it is registered in the directory.",
  })
  const nothing: object = {}
  expect(() => createNegotiationFor(nothing as { ticketFor: typeof ticketFor })).toThrow(
    'createNegotiationFor: client is missing, the KDC client that supplies tickets',
  )
  expect(() => createNegotiationFor({ ticketFor, ticketfor: 1 } as { ticketFor: typeof ticketFor })).toThrow(
    /createNegotiationFor.*ticketfor/,
  )
  await expect(authorizationFor('http://x/')).rejects.toMatchObject({
    code: 'GSS_S_NO_CRED',
    message: 'nobody is impersonated here',
    hint: 'Call it inside identity.impersonate(callback).',
  })
})

test('the source of tickets is asked as a method of the app’s object, with the signal', async () => {
  const asked: unknown[] = []
  class Tickets {
    readonly #ticket = issueTicket(service)
    async ticketFor(...args: unknown[]) {
      asked.push(args)
      return this.#ticket
    }
  }
  const { signal } = new AbortController()
  const headerFor = createAuthorizationFor(new Tickets())
  await headerFor('http://localhost/', { signal })
  await headerFor('http://localhost/')
  expect(asked).toEqual([
    ['HTTP/localhost', { signal }],
    ['HTTP/localhost', { signal: undefined }],
  ])
})
