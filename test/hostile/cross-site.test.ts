import { randomBytes } from 'node:crypto'
import { createNegotiator, type FailedEvent, type NegotiatorOptions } from '@s4u/negotiate'
import { describe, expect, test } from 'vitest'
import { API, corporation, Desktop } from '../stories/fixtures/corporation.js'
import { serveHandshakes } from '../stories/fixtures/handshake.js'
import { type Answer, oneConnection, serve } from '../stories/fixtures/serve.js'
import { type Site, stacks, type Visit } from '../stories/fixtures/stacks.js'

/**
 * A page of another site, open in the browser of somebody who is signed in. It cannot read a token,
 * and need not: browsers add it to its forms, images, credentialed fetches and WebSocket
 * handshakes, as they do cookies without SameSite.
 */

const realm = await corporation()
const keytab = realm.keytabFor('web')
const alice = new Desktop(realm, 'alice')
const keys = [randomBytes(32)]

/**
 * What browsers send of a form at https://evil.test: to a site with TLS, and without, where
 * Sec-Fetch-Site is left out.
 */
const EVIL = { origin: 'https://evil.test', 'sec-fetch-site': 'cross-site' }
const OVER_HTTP = { origin: 'https://evil.test' }
const SANDBOXED = { origin: 'null' }
const SIBLING = { origin: 'https://wiki.ad.test', 'sec-fetch-site': 'same-site' }
const OWN = { host: 'web.ad.test', origin: 'http://web.ad.test' }

describe.each(stacks)('$name: a page of another site', (stack) => {
  const open = async (options: NegotiatorOptions = {}, more: Partial<Site> = {}) => {
    const done: unknown[] = []
    const failed: FailedEvent[] = []
    const handle = async ({ identity }: Visit): Promise<unknown> => {
      if (identity === undefined) return { principal: null }
      using caller = identity.impersonate()
      const ticket = await caller.ticketFor(API)
      done.push(ticket.client.name.nameString[0])
      return { principal: identity.principal }
    }
    const onFailed = (event: FailedEvent): void => void failed.push(event)
    const all = { keytab, kdc: realm.transport, delegation: { principal: 'web' }, onFailed, ...options }
    const site = await serve(stack.build({ options: all, handle, ...more }).listener)
    return { done, failed, site, [Symbol.asyncDispose]: () => site[Symbol.asyncDispose]() }
  }

  test.each([
    ['of a form', 'POST', EVIL],
    ['of a form, over plain HTTP', 'POST', OVER_HTTP],
    ['of a frame in a sandbox', 'POST', SANDBOXED],
    ['of a sibling host', 'POST', SIBLING],
    ['of a credentialed fetch', 'PUT', EVIL],
    ['of a credentialed fetch', 'DELETE', EVIL],
    ['of a fetch that CORS lets through', 'PROPFIND', EVIL],
  ])('acts and delegates as nobody: %s, %s', async (_what, method, headers) => {
    await using app = await open()
    const authorization = await alice.authorization()
    const answer = await app.site.get('/', { method, headers, authorization })
    expect(answer).toMatchObject({ status: 403, body: 'A page of another site sent this request.\n' })
    expect(answer.headers['www-authenticate']).toBeUndefined()
    expect(app.done).toEqual([])
    expect(app.failed).toEqual([expect.objectContaining({ code: 'S4U_CROSS_SITE', statusCode: 403 })])
    // Nothing was made of the token: its user, who sends it from the site itself, is let in.
    const own = await app.site.get('/', { method: 'POST', headers: OWN, authorization })
    expect(own.status).toBe(200)
    expect(app.done).toEqual(['alice'])
  })

  test('makes no browser ask for a ticket, or for a password', async () => {
    await using app = await open()
    const answer = await app.site.get('/', { method: 'POST', headers: EVIL })
    expect(answer.status).toBe(403)
    expect(answer.headers['www-authenticate']).toBeUndefined()
  })

  test('does not get by a route that asks by itself', async () => {
    await using app = await open({ mode: 'optional' }, { requireIdentity: true })
    expect((await app.site.get('/', { method: 'POST', headers: EVIL })).status).toBe(403)
    const authorization = await alice.authorization()
    expect((await app.site.get('/', { method: 'POST', headers: EVIL, authorization })).status).toBe(403)
    expect(app.done).toEqual([])
  })

  test('acts with no cookie, whatever its SameSite, and with no connection', async () => {
    const session = { kind: 'cookie', keys, secure: false } as const
    await using app = await open({ session, mode: 'optional' })
    const signedIn = await app.site.get('/', { authorization: await alice.authorization() })
    const cookie = signedIn.headers['set-cookie']![0].split(';')[0]
    expect((await app.site.get('/', { method: 'POST', headers: { ...EVIL, cookie } })).status).toBe(403)
    expect((await app.site.get('/', { method: 'POST', headers: { ...OWN, cookie } })).status).toBe(200)
    await using bound = await open({ session: 'connection', mode: 'optional' })
    const agent = oneConnection()
    await bound.site.get('/', { agent, authorization: await alice.authorization() })
    expect((await bound.site.get('/', { agent, method: 'POST', headers: EVIL })).status).toBe(403)
    expect((await bound.site.get('/', { agent, method: 'POST', headers: OWN })).status).toBe(200)
    expect([...app.done, ...bound.done]).toEqual(['alice', 'alice', 'alice', 'alice'])
  })

  test('is nobody, and may be so, where callers may: without a token, and with one that its script has added', async () => {
    await using app = await open({ mode: 'optional' })
    for (const authorization of [undefined, 'Bearer eyJ']) {
      const answer = await app.site.get('/', { method: 'POST', headers: EVIL, ...(authorization && { authorization }) })
      expect(JSON.parse(answer.body)).toEqual({ principal: null })
    }
    expect(app.failed).toEqual([])
  })

  test('may look, with what changes nothing; what comes it cannot read', async () => {
    await using app = await open()
    for (const method of ['GET', 'HEAD']) {
      const answer = await app.site.get('/', { method, headers: EVIL, authorization: await alice.authorization() })
      expect(answer.status).toBe(200)
      expect(answer.headers['access-control-allow-origin']).toBeUndefined()
    }
  })

  test('acts where it is listed, by its origin alone', async () => {
    await using app = await open({ crossSite: ['https://wiki.ad.test'] })
    const post = async (headers: Record<string, string>): Promise<number> =>
      (await app.site.get('/', { method: 'POST', headers, authorization: await alice.authorization() })).status
    expect(await post(SIBLING)).toBe(200)
    expect(await post(EVIL)).toBe(403)
    expect(await post({ ...SIBLING, origin: 'https://wiki.ad.test.evil.test' })).toBe(403)
    expect(await post({ ...SIBLING, origin: 'http://wiki.ad.test' })).toBe(403)
  })

  test('acts where the app has other means against it, and says so', async () => {
    await using app = await open({ crossSite: 'allow' })
    const answer = await app.site.get('/', {
      method: 'POST',
      headers: EVIL,
      authorization: await alice.authorization(),
    })
    expect(answer.status).toBe(200)
  })

  test('asks beforehand without credentials, which the app may let pass to what answers it', async () => {
    const preflight = { ...SIBLING, 'access-control-request-method': 'PUT' }
    await using closed = await open()
    expect((await closed.site.get('/', { method: 'OPTIONS', headers: preflight })).status).toBe(401)
    await using app = await open({ corsPreflight: true, crossSite: ['https://wiki.ad.test'] })
    expect((await app.site.get('/', { method: 'OPTIONS', headers: preflight })).status).toBe(200)
    expect((await app.site.get('/', { method: 'OPTIONS', headers: SIBLING })).status).toBe(401)
    expect((await app.site.get('/', { method: 'PUT', headers: preflight })).status).toBe(401)
    // Not even with a token it becomes anybody.
    const authorization = await alice.authorization()
    const answer = await app.site.get('/', { method: 'OPTIONS', headers: preflight, authorization })
    expect(JSON.parse(answer.body)).toEqual({ principal: null })
    await using gated = await open({ corsPreflight: true }, { requireIdentity: true })
    // A 204 without headers of CORS stops the browser too.
    const refused = stack.answersPreflights ? 204 : 401
    expect((await gated.site.get('/', { method: 'OPTIONS', headers: preflight })).status).toBe(refused)
  })

  test('does not stop programs, which say nothing of a site', async () => {
    await using app = await open()
    const answer: Answer = await app.site.get('/', { method: 'POST', authorization: await alice.authorization() })
    expect(answer.status).toBe(200)
  })
})

describe('a page of another site opens no WebSocket', () => {
  test.each<[string, NegotiatorOptions, 'optional' | 'off' | undefined]>([
    ['by default', {}, undefined],
    ['where other requests of it are allowed', { crossSite: 'allow' }, undefined],
    ['where others are listed', { crossSite: ['https://wiki.ad.test'] }, undefined],
    ['where callers may be nobody', {}, 'optional'],
    ['where nobody is asked', {}, 'off'],
  ])('%s', async (_where, options, mode) => {
    const codes: string[] = []
    const onFailed = ({ code }: FailedEvent): void => void codes.push(code)
    await using site = await serveHandshakes(createNegotiator({ keytab, onFailed, ...options }), mode ? { mode } : {})
    for (const headers of [EVIL, OVER_HTTP, SANDBOXED, { ...SIBLING, origin: 'https://mail.ad.test' }]) {
      const authorization = await alice.authorization()
      expect(await site.shake({ ...headers, authorization })).toMatchObject({ status: 403 })
      expect(await site.shake(headers)).toMatchObject({ status: 403 })
    }
    expect(new Set(codes)).toEqual(new Set(['S4U_CROSS_SITE']))
    expect((await site.shake({ ...OWN, authorization: await alice.authorization() })).status).toBe(101)
  })

  test('but where its origin is listed', async () => {
    await using site = await serveHandshakes(createNegotiator({ keytab, crossSite: ['https://wiki.ad.test'] }))
    const authorization = await alice.authorization()
    expect(await site.shake({ ...SIBLING, authorization })).toMatchObject({ status: 101, body: 'alice@AD.TEST' })
  })
})
