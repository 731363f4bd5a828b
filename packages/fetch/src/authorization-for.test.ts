import { formatChallenge, parseAuthorization } from '@s4u/gssapi'
import { ConfigurationError } from '@s4u/kdc-client'
import { request as httpRequest } from 'node:http'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  acceptorOf,
  issueTicket,
  kerberosSite,
  refusalToken,
  serviceNamed,
  type Site,
} from '../../../test/stories/kerberos-backend.js'
import { authorizationFor, currentIdentity, fetch, runAs } from './ambient.js'
import { createAuthorizationFor, createNegotiationFor, prepareNegotiationFor } from './authorization-for.js'

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

describe('a service principal name that is given for one call', () => {
  const asked: string[] = []
  const ticketFor = async (spn: string) => {
    asked.push(spn)
    return issueTicket(serviceNamed(spn))
  }
  const farm = { ticketFor, serviceNames: { 'www.ad.test': 'HTTP/farm.ad.test' } }
  beforeEach(() => void asked.splice(0))

  test.each([
    ['of a member of a farm', 'http://www.ad.test:8080/', 'http/web2.ad.test', 'http/web2.ad.test'],
    ['with a star, which is the host of the URL', 'http://web3.ad.test:8080/', 'http/*', 'http/web3.ad.test'],
    ['for an address', 'https://10.0.0.7/', 'HTTP/web2.ad.test', 'HTTP/web2.ad.test'],
    ['with a port', 'http://web3.ad.test/', 'HTTP/*:8080', 'HTTP/web3.ad.test:8080'],
  ])('%s takes the place of that of the URL', async (_, url, service, spn) => {
    expect(await createAuthorizationFor(farm)(url, { service })).toMatch(/^Negotiate /)
    expect(asked).toEqual([spn])
  })

  test('leaves the other calls as they are', async () => {
    const headerFor = createAuthorizationFor(farm)
    await headerFor('http://www.ad.test/', { service: 'HTTP/web2.ad.test' })
    await headerFor('http://www.ad.test/')
    expect(asked).toEqual(['HTTP/web2.ad.test', 'HTTP/farm.ad.test'])
  })

  test('gives no token to an origin that is not listed, nor to an app that sends none', async () => {
    const service = 'HTTP/web2.ad.test'
    const rules = [{ origins: ['https://api.ad.test'] }, { allowedImpersonationLevel: 'anonymous' } as const]
    for (const rule of rules) {
      const answer = createAuthorizationFor({ ...farm, ...rule })('http://www.ad.test/', { service })
      await expect(answer).rejects.toMatchObject({
        code: 'GSS_S_NO_CRED',
        message: 'there is no token for http://www.ad.test',
      })
    }
    expect(asked).toEqual([])
  })

  test('with a star is none for an address', async () => {
    await expect(createAuthorizationFor(farm)('http://10.0.0.7/', { service: 'HTTP/*' })).rejects.toMatchObject({
      message: 'there is no token for http://10.0.0.7',
      hint: expect.stringContaining("serviceNames: { '10.0.0.7'"),
    })
  })

  test.each(['', 'HTTP', 'HTTP/', '/web', 'HTTP/web ad', 'svc-web@AD.TEST', 5, null, ['HTTP/web.ad.test']])(
    '%j is refused, since it names no service',
    async (service) => {
      const answer = createAuthorizationFor(farm)('http://www.ad.test/', { service } as object)
      await expect(answer).rejects.toMatchObject({
        name: 'ConfigurationError',
        message: expect.stringMatching(/^service is .* in place of a service principal name$/),
        hint: "Write service: 'HTTP/web2.ad.test', or 'HTTP/*' for the host of the URL.",
      })
      expect(asked).toEqual([])
    },
  )
})

describe('a refusal', () => {
  const negotiationFor = createNegotiationFor({ ticketFor: async () => issueTicket(service) })
  const refusalFor = async (challenge: string | string[] | null) =>
    (await negotiationFor('http://localhost/')).verify({ status: 401, challenge })

  test.each([
    ['the token', ['Negotiate', 'Basic realm="x, y"'], { kind: 'refused', schemes: ['Negotiate', 'Basic'] }],
    ['another scheme', 'Basic realm="Negotiate"', { kind: 'other-scheme-wanted', schemes: ['Basic'] }],
    ['another scheme, of two', ['NTLM', 'Bearer'], { kind: 'other-scheme-wanted', schemes: ['NTLM', 'Bearer'] }],
    ['nothing', null, { kind: 'refused', schemes: [] }],
    [
      'a key of its own',
      formatChallenge(refusalToken(service, 41)),
      { kind: 'stale-ticket', schemes: ['Negotiate'], code: 'KRB_AP_ERR_MODIFIED' },
    ],
    [
      'the clock',
      formatChallenge(refusalToken(service, 37)),
      { kind: 'refused', schemes: ['Negotiate'], code: 'KRB_AP_ERR_SKEW' },
    ],
  ])('that names %s tells its kind and the schemes', async (_, challenge, refusal) => {
    expect(await refusalFor(challenge)).toEqual({ proven: false, refusal })
  })

  test('is in no other answer', async () => {
    site = await kerberosSite(service)
    const { authorization, verify } = await negotiationFor(site.origin)
    const { statusCode = 0, headers } = await get(site.origin, authorization)
    expect(verify({ status: statusCode, challenge: headers['www-authenticate'] })).toEqual({ proven: true })
    const off = createNegotiationFor({ ticketFor: async () => issueTicket(service), mutualAuthentication: 'off' })
    expect((await off(site.origin)).verify({ status: 403 })).toEqual({ proven: false })
  })

  test('can be followed by one new ticket, and not by another within a minute', async () => {
    const asked: unknown[] = []
    let now = Date.now()
    const renewing = createNegotiationFor({
      ticketFor: async (spn, options) => {
        asked.push([spn, options])
        return issueTicket(service)
      },
      now: () => now,
    })
    const first = await renewing('http://www.ad.test/', { service: 'HTTP/web2.ad.test' })
    const second = await first.withFreshTicket()
    expect(second?.authorization).toMatch(/^Negotiate /)
    expect(second?.authorization).not.toBe(first.authorization)
    expect(await second?.withFreshTicket()).toBeUndefined()
    const spn = 'HTTP/web2.ad.test'
    expect(asked).toEqual([
      [spn, { signal: undefined }],
      [spn, { signal: undefined, fresh: true }],
    ])
    now += 60_001
    expect((await second?.withFreshTicket())?.authorization).toMatch(/^Negotiate /)
  })

  test('is the answer where the KDC gives no other ticket, or cannot be asked', async () => {
    const ticket = issueTicket(service)
    const same = await createNegotiationFor({ ticketFor: async () => ticket })('http://localhost/')
    expect(await same.withFreshTicket()).toBeUndefined()
    const down = createNegotiationFor({
      ticketFor: (_, { fresh }) =>
        fresh ? Promise.reject(new ConfigurationError('the KDC is down')) : Promise.resolve(ticket),
    })
    expect(await (await down('http://localhost/')).withFreshTicket()).toBeUndefined()
  })
})

test('options that were checked once serve the tickets of many identities, each with its own', async () => {
  const negotiationsOf = prepareNegotiationFor({ origins: ['http://www.ad.test'] })
  for (const user of ['alice', 'bob']) {
    const asked: string[] = []
    const negotiationFor = negotiationsOf({
      ticketFor: async (spn) => {
        asked.push(spn)
        return issueTicket(service, user)
      },
    })
    const parsed = parseAuthorization((await negotiationFor('http://www.ad.test/orders')).authorization)
    if (parsed.status !== 'token') expect.unreachable(parsed.status)
    const outcome = await acceptorOf(service).accept(parsed.token)
    expect(outcome).toMatchObject({ status: 'accepted', identity: { name: user } })
    expect(asked).toEqual(['HTTP/www.ad.test'])
    await expect(negotiationFor('http://api.ad.test/')).rejects.toMatchObject({ code: 'GSS_S_NO_CRED' })
  }
  expect(() => prepareNegotiationFor({ origin: [] } as object)).toThrow(/prepareNegotiationFor.*origin/)
})
