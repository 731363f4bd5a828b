import { DelegationRefusedError, KdcError, S4uError } from '@s4u/kdc-client'
import { Agent, request } from 'undici'
import { describe, expect, test } from 'vitest'
import { issueTicket, serviceNamed } from '../../../../test/stories/kerberos-backend.js'
import { backendFixture } from '../../../../test/stories/backend-fixture.js'
import { createNegotiationFor } from '../authorization-for.js'
import type { FetchEvent } from '../events/events.js'
import type { CreateFetchOptions } from '../fetch/fetch-options.js'
import { negotiateInterceptor } from '../interceptor.js'
import { createFetch } from '../fetch/create-fetch.js'
import { ServiceNameError } from './service-name-error.js'

const { server } = backendFixture()

const unknown = (target: string, errorCode = 7) =>
  new KdcError({ step: 'TGS', account: 'svc-web@CORP.TEST', target, errorCode }, { hint: 'setspn -S …' })

const failing = (error: unknown, options: Partial<CreateFetchOptions> = {}) =>
  createFetch({
    ticketFor: async () => {
      throw error
    },
    ...options,
  })

describe('a name that the directory does not know', () => {
  test.each([
    [
      'http://api:8080/orders',
      'HTTP/api',
      'which is a short name',
      "Write the full name in the URL, as http://api.corp.test:8080, or name the service: serviceNames: { api: 'HTTP/api.corp.test' }, as it is registered in the directory.",
    ],
    [
      'https://web-1/',
      'HTTP/web-1',
      'which is a short name',
      "Write the full name in the URL, as https://web-1.corp.test, or name the service: serviceNames: { 'web-1': 'HTTP/web-1.corp.test' }, as it is registered in the directory.",
    ],
    [
      'http://localhost:3000/',
      'HTTP/localhost',
      'because localhost means this machine: no service is registered under it',
      "Write the name of the host in the URL, or name the service: serviceNames: { localhost: 'HTTP/api.ad.test' }, as it is registered in the directory.",
    ],
    [
      'http://app.localhost/',
      'HTTP/app.localhost',
      'because localhost means this machine: no service is registered under it',
      "Write the name of the host in the URL, or name the service: serviceNames: { 'app.localhost': 'HTTP/api.ad.test' }, as it is registered in the directory.",
    ],
  ])('is explained by the URL where that is the reason: %s', async (url, spn, what, hint) => {
    for (const cause of [unknown(spn), refusedFor(spn)])
      await expect(failing(cause)(url)).rejects.toMatchObject({
        name: 'ConfigurationError',
        code: 'KDC_ERR_S_PRINCIPAL_UNKNOWN',
        status: 502,
        message: `the directory knows no service ${spn}, ${what}`,
        hint,
        cause,
      })
  })

  test.each([
    ['http://api:8080/orders', 'HTTP/api', 'HTTP/api.corp.test'],
    ['http://localhost:3000/', 'HTTP/localhost', undefined],
  ])('says apart from the hint which name of %s is probably meant', async (url, spn, suggestedService) => {
    const error: unknown = await failing(unknown(spn))(url).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(ServiceNameError)
    expect(error).toHaveProperty('suggestedService', suggestedService)
  })

  test.each([
    ['http://api.corp.test/', unknown('HTTP/api.corp.test'), {}],
    ['http://api/', unknown('HTTP/api', 13), {}],
    ['http://api/', new TypeError('a fault of the app'), {}],
    ['http://api/', unknown('HTTP/farm'), { serviceNames: { api: 'HTTP/farm' } }],
  ])('is left as it is where the URL is not the reason: %s, %o', async (url, error, options) => {
    await expect(failing(error, options)(url)).rejects.toBe(error)
  })
})

describe('an address as URL', () => {
  const site = async () => {
    const { port } = await server((_request, response) => response.end('hello'))
    return `http://127.0.0.1:${port}`
  }
  const notice = (origin: string) => ({
    kind: 'notice',
    level: 'warn',
    code: 'S4U_NO_SERVICE_NAME',
    message: `a request to ${origin} goes without a token: an IP address has no service principal name`,
    hint: "Write the name of the host in the URL, or name the service: serviceNames: { '127.0.0.1': 'HTTP/api.ad.test' }, as it is registered in the directory.",
  })

  test('goes without a token, and is told of', async () => {
    const origin = await site()
    const events: FetchEvent[] = []
    const ticketFor = async () => issueTicket(serviceNamed())
    await (await createFetch({ ticketFor, onEvent: (event) => events.push(event) })(`${origin}/secret?token=1`)).text()
    const agent = new Agent()
    const origins = ['http://api.ad.test']
    const options = { ticketFor, origins, onEvent: (event: FetchEvent) => void events.push(event) }
    // Not listed: the app wants no token there.
    await (await request(origin, { dispatcher: agent.compose(negotiateInterceptor(options)) })).body.text()
    await agent.destroy()
    expect(events).toEqual([notice(origin)])
  })

  test('is not told of where the app wants no token', async () => {
    const origin = await site()
    const events: FetchEvent[] = []
    const onEvent = (event: FetchEvent): void => void events.push(event)
    const ticketFor = async () => issueTicket(serviceNamed())
    for (const options of [{ allowedImpersonationLevel: 'anonymous' }, { origins: ['http://api.ad.test'] }] as const)
      await (await createFetch({ ticketFor, onEvent, ...options })(origin)).text()
    expect(events).toEqual([])
  })

  test('gets no header for another client, which is told what to write', async () => {
    const negotiationFor = createNegotiationFor({ ticketFor: async () => issueTicket(serviceNamed()) })
    const error: unknown = await negotiationFor('http://10.0.0.7/').catch((reason: unknown) => reason)
    expect(S4uError.is(error) && error.hint).toBe(
      "Write the name of the host in the URL, or name the service: serviceNames: { '10.0.0.7': 'HTTP/api.ad.test' }, as it is registered in the directory.",
    )
  })
})

function refusedFor(target: string): DelegationRefusedError {
  const answer = {
    step: 'S4U2Proxy',
    account: 'svc-web@CORP.TEST',
    target,
    user: 'alice@CORP.TEST',
    errorCode: 7,
  } as const
  return new DelegationRefusedError(answer, 'target-unknown', 'no account has it', [])
}
