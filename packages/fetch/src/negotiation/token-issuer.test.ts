import { ConfigurationError, RejectedTokenError, type ServiceTicket } from '@s4u/kdc-client'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest'
import { acceptorOf, issueTicket, serviceNamed } from '../../../../test/stories/kerberos-backend.js'
import { parseAuthorization } from '@s4u/gssapi'
import { TokenIssuer, noName } from './token-issuer.js'
import type { FetchEvent } from '../events/events.js'
import { rememberAsking } from '../options/learned-origins.js'
import type { TokenOptions } from '../options/token-options.js'

const service = serviceNamed('HTTP/api.ad.test')
const SPN = service.spn
const url = new URL('https://api.ad.test:8443/orders?secret')
const ORIGIN = 'https://api.ad.test:8443'

const folder = mkdtempSync(join(tmpdir(), 's4u-issuer-'))
afterAll(() => rmSync(folder, { recursive: true }))
afterEach(() => vi.unstubAllEnvs())

let count = 0
function confWith(line: string): string {
  const path = join(folder, `${count++}.conf`)
  writeFileSync(path, `[libdefaults]\n${line}\n`)
  return path
}

describe('the name of a service', () => {
  const nameOf = (options: TokenOptions, target = url) => new TokenIssuer(options).serviceName(target)

  test('is that of the host, at once where no name has to be looked up', () => {
    expect(nameOf({})).toBe(SPN)
    expect(nameOf({ canonicalName: false })).toBe(SPN)
    expect(nameOf({ includePort: true })).toBe('HTTP/api.ad.test:8443')
    expect(nameOf({ serviceNames: { 'api.ad.test': 'HTTP/farm.ad.test' } })).toBe('HTTP/farm.ad.test')
    expect(nameOf({ origins: [ORIGIN] })).toBe(SPN)
  })

  test('is the one that the app looks up', async () => {
    expect(await nameOf({ canonicalName: async () => 'node1.ad.test' })).toBe('HTTP/node1.ad.test')
  })

  test('of a short host is the full one, where options or krb5.conf say how it goes on', () => {
    const short = new URL('http://API/')
    expect(nameOf({}, short)).toBe('HTTP/api')
    expect(nameOf({ qualifyShortName: 'corp.test' }, short)).toBe('HTTP/api.corp.test')
    expect(nameOf({ qualifyShortName: 'corp.test' })).toBe(SPN)
    expect(nameOf({ qualifyShortName: 'corp.test' }, new URL('http://localhost/'))).toBe('HTTP/localhost')
    expect(nameOf({ qualifyShortName: 'corp.test', serviceNames: { api: 'HTTP/farm' } }, short)).toBe('HTTP/farm')
    vi.stubEnv('KRB5_CONFIG', confWith('qualify_shortname = conf.test'))
    expect(nameOf({}, short)).toBe('HTTP/api.conf.test')
    expect(nameOf({ qualifyShortName: 'corp.test' }, short)).toBe('HTTP/api.corp.test')
    expect(nameOf({ qualifyShortName: '' }, short)).toBe('HTTP/api')
  })

  test('is looked up in DNS where krb5.conf says so, and not where the option says no', async () => {
    vi.stubEnv('KRB5_CONFIG', confWith('dns_canonicalize_hostname = true'))
    const nowhere = new URL('http://nowhere.invalid/')
    expect(nameOf({}, nowhere)).toBeInstanceOf(Promise)
    expect(await nameOf({}, nowhere)).toBe('HTTP/nowhere.invalid')
    expect(nameOf({ canonicalName: false }, nowhere)).toBe('HTTP/nowhere.invalid')
    vi.stubEnv('KRB5_CONFIG', confWith('dns_canonicalize_hostname = fallback'))
    expect(nameOf({}, nowhere)).toBe('HTTP/nowhere.invalid')
  })

  test.each(['a b', 'corp.test/x', '..', 7])('is not made with what is no domain: %j', (domain) => {
    const options: TokenOptions = { origins: [ORIGIN] }
    Object.assign(options, { qualifyShortName: domain })
    expect(() => nameOf(options)).toThrow('qualifyShortName must be a domain')
  })

  test('is none where nobody’s name is told, or the origin is not listed', () => {
    expect(nameOf({ allowedImpersonationLevel: 'anonymous' })).toBeUndefined()
    expect(nameOf({ origins: ['https://api.ad.test'] })).toBeUndefined()
    expect(nameOf({ origins: [] })).toBeUndefined()
  })
})

describe('a proof', () => {
  const isExpected = (options: TokenOptions, target = url) => new TokenIssuer(options).expectsProof(target)

  test('is expected of what is listed, and of nothing else then', () => {
    expect(isExpected({ origins: [ORIGIN] })).toBe(true)
    expect(isExpected({ origins: ['https://other.test'] })).toBe(false)
    expect(isExpected({ origins: [ORIGIN], mutualAuthentication: 'off' })).toBe(false)
    expect(isExpected({ origins: [ORIGIN], allowedImpersonationLevel: 'anonymous' })).toBe(false)
    expect(isExpected({ origins: [ORIGIN], allowedImpersonationLevel: 'identification' })).toBe(true)
  })

  test('is expected of what has asked before, where nothing is listed', () => {
    const asked = new URL('https://asked.issuer.test/')
    expect(isExpected({}, asked)).toBe(false)
    rememberAsking(asked)
    expect(isExpected({}, asked)).toBe(true)
    expect(isExpected({ origins: [ORIGIN] }, asked)).toBe(false)
    expect(isExpected({ mutualAuthentication: 'off' }, asked)).toBe(false)
  })

  test('that was due is said to be missing, by origin and without the rest of the URL', () => {
    const events: FetchEvent[] = []
    const judging = new TokenIssuer({ onEvent: (event) => events.push(event) })
    const error = errorOf(() => judging.judgeNotAsking(url, SPN, 204))
    expect(error).toBeInstanceOf(RejectedTokenError)
    expect(error).toMatchObject({
      code: 'KRB_AP_ERR_MUT_FAIL',
      status: 502,
      answer: { origin: ORIGIN, service: SPN, status: 204 },
      message: 'HTTP/api.ad.test answered 204 without asking for a token, and did not prove its identity',
      hint: "The response was not handed out. Is the server behind this URL the account that has this service principal name, and does it answer with a token? mutualAuthentication: 'off' believes any server. Where the server has pages that need no token, send one all the same (preemptive: true), or take the origin from the list.",
    })
    expect(events).toEqual([
      { kind: 'server-not-asking', origin: ORIGIN, service: SPN, status: 204, code: 'KRB_AP_ERR_MUT_FAIL' },
    ])
    expect(errorOf(() => new TokenIssuer({}).judgeNotAsking(url, SPN, 403))).toMatchObject({
      code: 'KRB_AP_ERR_MUT_FAIL',
      hint: expect.stringContaining("mutualAuthentication: 'optional'"),
    })
    const optional = new TokenIssuer({ mutualAuthentication: 'optional' })
    expect(optional.judgeNotAsking(url, SPN, 400)).toEqual({ kind: 'unproven', sanitize: true })
    expect(errorOf(() => optional.judgeNotAsking(url, SPN, 399))).toMatchObject({ answer: { status: 399 } })
  })

  test('cannot come from who has no name', () => {
    expect(noName(new URL('http://10.0.0.7:8080/'))).toMatchObject({
      name: 'ConfigurationError',
      code: 'GSS_S_NO_CRED',
      message: 'http://10.0.0.7:8080 has no service principal name, and could not prove its identity',
      hint: "Write the name of the host in the URL, or name the service: serviceNames: { '10.0.0.7': 'HTTP/api.ad.test' }, as it is registered in the directory. mutualAuthentication: 'off' believes any server.",
    })
  })
})

describe('an attempt', () => {
  const ticket = issueTicket(service)
  const tickets = { ticketFor: async () => ticket }
  const begin = (options: TokenOptions, more: object = {}) =>
    new TokenIssuer(options).begin(url, SPN, { tickets, ...more })

  /** What the service reads in the token. */
  async function read(authorization: string, channelBindings?: Uint8Array) {
    const parsed = parseAuthorization(authorization)
    if (parsed.status !== 'token') throw new Error(parsed.status)
    const acceptor = acceptorOf(service, { channelBinding: channelBindings ? 'require' : 'off' })
    return acceptor.accept(parsed.token, channelBindings && { channelBindings })
  }

  test('is of the ticket for the service, asked for with the signal of the request', async () => {
    const ticketFor = vi.fn(async () => ticket)
    const { signal } = new AbortController()
    const { details, authorization } = await begin({}, { tickets: { ticketFor }, signal })
    expect(ticketFor.mock.calls).toStrictEqual([[SPN, { signal }]])
    expect(details).toEqual({ origin: ORIGIN, spn: SPN, ticket, refusal: 401 })
    expect(await read(authorization)).toMatchObject({ status: 'accepted', identity: { principal: 'alice@AD.TEST' } })
    const proxied = await new TokenIssuer({}, 407).begin(url, SPN, { tickets })
    expect(proxied.details.refusal).toBe(407)
  })

  test.each(['allow', 'require', undefined] as const)('is bound to the channel that there is (%s)', async (given) => {
    const bindings = Uint8Array.of(1, 2, 3)
    const bindingsFor = vi.fn(async () => bindings)
    const channelBinding = given === undefined ? {} : { channelBinding: given }
    const { details, authorization } = await begin(channelBinding, { bindingsFor })
    expect(details.channelBindings).toBe(bindings)
    expect(bindingsFor.mock.calls).toEqual([[ticket]])
    expect(await read(authorization, bindings)).toMatchObject({ status: 'accepted' })
    expect(await read(authorization, Uint8Array.of(9))).toMatchObject({ status: 'refused' })
  })

  test('is bound to nothing where the app wants that, and no channel is looked at', async () => {
    const bindingsFor = vi.fn(async () => Uint8Array.of(1))
    const { details } = await begin({ channelBinding: 'off' }, { bindingsFor })
    expect(details.channelBindings).toBeUndefined()
    expect(bindingsFor).not.toHaveBeenCalled()
  })

  test('is not made without a channel where one is required', async () => {
    const error = {
      name: 'ConfigurationError',
      code: 'GSS_S_BAD_BINDINGS',
      message: `there is no channel to bind to on the way to ${ORIGIN}`,
      hint: 'channelBinding is require: use https, with a certificate signed with RSA or ECDSA, and the connections of this package.',
    }
    for (const more of [{}, { bindingsFor: () => undefined }, { bindingsFor: async () => undefined }]) {
      await expect(begin({ channelBinding: 'require' }, more)).rejects.toMatchObject(error)
      await expect(begin({ channelBinding: 'require' }, more)).rejects.toBeInstanceOf(ConfigurationError)
      expect((await begin({}, more)).details.channelBindings).toBeUndefined()
    }
  })

  test('hands on the ticket-granting ticket for delegation, and for nothing less', async () => {
    const forwardTgt = vi.fn(async () => Uint8Array.of(7))
    const { signal } = new AbortController()
    const options = { forwardTgt, origins: [ORIGIN], okAsDelegate: 'ignore' } as const
    for (const allowedImpersonationLevel of ['impersonation', 'identification'] as const)
      await begin(
        { ...options, allowedImpersonationLevel, channelBinding: 'allow' },
        { bindingsFor: async () => Uint8Array.of(1) },
      )
    expect(forwardTgt).not.toHaveBeenCalled()
    const { details } = await begin({ ...options, allowedImpersonationLevel: 'delegation' }, { signal })
    expect(forwardTgt.mock.calls).toStrictEqual([[ticket, { signal }]])
    expect(details.delegate).toEqual(Uint8Array.of(7))
  })
})

describe('a ticket that is stale', () => {
  const withFreshTicket = (first: ServiceTicket, next: ServiceTicket, now: () => number) => {
    const ticketFor = vi.fn(async (_: string, { fresh = false }: { fresh?: boolean }) => (fresh ? next : first))
    const issuer = new TokenIssuer({ now })
    const { signal } = new AbortController()
    const again = async () => {
      const failed = await issuer.begin(url, SPN, { tickets: { ticketFor } })
      ticketFor.mockClear()
      const attempt = await issuer.beginWithFreshTicket(failed, url, { tickets: { ticketFor }, signal })
      return { attempt, asked: ticketFor.mock.calls }
    }
    return { again, signal }
  }

  test('is replaced by a fresh one', async () => {
    const [stale, fresh] = [issueTicket(service), issueTicket(service)]
    const { again, signal } = withFreshTicket(stale, fresh, Date.now)
    const { attempt, asked } = await again()
    expect(asked).toStrictEqual([[SPN, { signal, fresh: true }]])
    expect(attempt?.details).toEqual({ origin: ORIGIN, spn: SPN, ticket: fresh, refusal: 401 })
  })

  test('is the last one where the KDC has no other', async () => {
    const only = issueTicket(service)
    const { again } = withFreshTicket(only, { ...issueTicket(service), ticket: only.ticket }, Date.now)
    expect(await again()).toMatchObject({ attempt: undefined, asked: [[SPN, expect.anything()]] })
  })

  test('that was fresh is not replaced for a minute', async () => {
    const [stale, fresh, last] = [issueTicket(service), issueTicket(service), issueTicket(service)]
    const start = Date.now()
    let now = start
    expect((await withFreshTicket(stale, fresh, () => now).again()).attempt).toBeDefined()
    const { again } = withFreshTicket(fresh, last, () => now)
    now = start + 59_999
    expect(await again()).toMatchObject({ attempt: undefined, asked: [] })
    now = start + 60_000
    expect((await again()).attempt?.details.ticket).toBe(last)
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
