import { impersonation, negotiate, requireDelegatedBy, requireGroup } from '@s4u/express'
import { createKdcClient } from '@s4u/kdc-client'
import { createInitiator, formatAuthorization, type InitiatorOptions } from '@s4u/gssapi'
import { impersonation as impersonationInKoa, negotiate as negotiateKoa } from '@s4u/koa'
import { ConfigurationError, impersonatedIdentity } from '@s4u/negotiate'
import type { FailedEvent, ImpersonationOption, NegotiatorOptions } from '@s4u/negotiate'
import express from 'express'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { describe, expect, test } from 'vitest'
import { API, corporation, Desktop, WEB } from './fixtures/corporation.js'
import { serve } from './fixtures/serve.js'
import { type Site, stacks, type Visit } from './fixtures/stacks.js'

/** What single routes say about their callers. */

const realm = await corporation()
const keytab = realm.keytabFor('web')
const alice = new Desktop(realm, 'alice')
const bob = new Desktop(realm, 'bob')
const options: NegotiatorOptions = {
  keytab,
  kdc: realm.transport,
  delegation: { principal: 'web', protocolTransition: true },
}

/** Whom `fetch` acts as in a handler, after a while and within what the handler starts. */
const ambient = async (): Promise<unknown> => {
  await new Promise((resolve) => setTimeout(resolve, 1))
  return { as: impersonatedIdentity()?.principal ?? null }
}

describe.each(stacks)('$name', (stack) => {
  const open = (site: Partial<Site> = {}) => serve(stack.build({ options, handle: ambient, ...site }).listener)

  test('lets members of a group pass and answers others with 403', async () => {
    await using site = await open({ requireGroup: [realm.sidOf('Sales')] })
    expect((await site.get('/', { authorization: await alice.authorization() })).status).toBe(200)
    const refused = await site.get('/', { authorization: await bob.authorization() })
    expect(refused.status).toBe(403)
    expect(refused.body).toBe('You may not use this.\n')
    expect(refused.headers['www-authenticate']).toMatch(/^Negotiate o/)
  })

  test('lets members of any of several groups pass', async () => {
    await using site = await open({ requireGroup: ['S-1-5-21-1-2-3-9999', realm.sidOf('Sales')] })
    expect((await site.get('/', { authorization: await alice.authorization() })).status).toBe(200)
  })

  test('asks an unknown caller before it looks at groups', async () => {
    await using site = await open({ options: { ...options, mode: 'optional' }, requireGroup: [realm.sidOf('Sales')] })
    expect((await site.get()).status).toBe(401)
  })

  test('lets callers pass who came through a known service, and no others', async () => {
    const delegated = (): Promise<string> => throughWeb('alice')
    const api = { ...options, keytab: realm.keytabFor('api'), delegation: { principal: 'api' } }
    const handle = ({ identity }: Visit): unknown => identity
    await using open = await serve(stack.build({ options: api, handle }).listener)
    const { delegatedBy } = JSON.parse((await open.get('/', { authorization: await delegated() })).body)
    await using known = await serve(stack.build({ options: api, requireDelegatedBy: delegatedBy }).listener)
    await using shouted = await serve(
      stack.build({ options: api, requireDelegatedBy: [delegatedBy[0].split('@')[0].toUpperCase()] }).listener,
    )
    await using stranger = await serve(stack.build({ options: api, requireDelegatedBy: ['other@AD.TEST'] }).listener)
    expect((await known.get('/', { authorization: await delegated() })).status).toBe(200)
    expect((await shouted.get('/', { authorization: await delegated() })).status).toBe(200)
    expect((await stranger.get('/', { authorization: await delegated() })).status).toBe(403)
    expect((await known.get('/', { authorization: await alice.authorization(API) })).status).toBe(403)
  })

  test.each([
    ['required', false, 'alice@AD.TEST'],
    ['required', true, 'alice@AD.TEST'],
    ['allowed', false, null],
    ['allowed', true, 'alice@AD.TEST'],
    ['notAllowed', false, null],
  ] as const)(
    'a route that says %s, with impersonateCallerForAllOperations %s, acts as %s',
    async (impersonation, always, as) => {
      await using site = await open({
        options: { ...options, impersonateCallerForAllOperations: always },
        impersonation,
      })
      const answer = await site.get('/', { authorization: await alice.authorization() })
      expect(JSON.parse(answer.body)).toEqual({ as })
    },
  )

  test('does not start with a route that says notAllowed in an app that impersonates always', async () => {
    const site: Site = { options: { ...options, impersonateCallerForAllOperations: true }, impersonation: 'notAllowed' }
    const start = async (): Promise<unknown> => stack.build(site).ready
    await expect(start()).rejects.toThrow(ConfigurationError)
  })

  test('acts as the caller everywhere when told so, and as nobody where the caller is unknown', async () => {
    await using site = await open({
      options: { ...options, impersonateCallerForAllOperations: true, mode: 'optional' },
    })
    expect(JSON.parse((await site.get('/', { authorization: await alice.authorization() })).body)).toEqual({
      as: 'alice@AD.TEST',
    })
    expect(JSON.parse((await site.get()).body)).toEqual({ as: null })
  })

  test('never lets a caller who cannot be impersonated reach a handler that requires it', async () => {
    let reached = 0
    const handle = (): number => ++reached
    await using site = await open({ options: { ...options, mode: 'optional' }, impersonation: 'required', handle })
    expect((await site.get()).status).toBe(401)
    const authorization = await alice.authorization(WEB, { identify: true })
    expect((await site.get('/', { authorization })).status).toBe(403)
    expect(reached).toBe(0)
  })

  test.each<[string, Partial<Site>, Partial<InitiatorOptions>, string]>([
    ['of other groups', { requireGroup: [realm.sidOf('Sales')] }, {}, 'SEC_E_LOGON_DENIED'],
    ['who comes directly', { requireDelegatedBy: ['other@AD.TEST'] }, {}, 'SEC_E_LOGON_DENIED'],
    ['who cannot be impersonated', { impersonation: 'required' }, { identify: true }, 'SEC_E_NO_IMPERSONATION'],
  ])('tells its operator of a caller %s', async (_who, site, initiator, code) => {
    const [failures, records]: [FailedEvent[], unknown[]] = [[], []]
    const record = (event: unknown): void => void records.push(event)
    const onFailed = (event: FailedEvent): void => void failures.push(event)
    const { listener, negotiator } = stack.build({ options: { ...options, onFailed }, ...site })
    await using serving = await serve(listener)
    subscribe('s4u:accept', record)
    const answer = await serving.get('/', { authorization: await bob.authorization(WEB, initiator) })
    unsubscribe('s4u:accept', record)
    expect(answer.status).toBe(403)
    expect(failures).toEqual([expect.objectContaining({ code, statusCode: 403, clientAddress: '127.0.0.1' })])
    expect(failures[0].identity?.principal).toBe('bob@AD.TEST')
    expect(failures[0].error.message).toContain('bob@AD.TEST')
    expect(negotiator.counters).toMatchObject({ authenticated: { token: 1 }, failed: { [code]: 1 } })
    expect(records).toContainEqual(expect.objectContaining({ outcome: 'refused', code, client: 'bob@AD.TEST' }))
  })
})

describe('routes that are declared elsewhere', () => {
  test.each([
    ['Express', negotiate, impersonation],
    ['Koa', negotiateKoa, impersonationInKoa],
  ] as const)('%s: the middleware itself can be asked, where a process has several', (_name, make, route) => {
    const always = make({ ...options, impersonateCallerForAllOperations: true })
    const never = make(options)
    expect(() => always.impersonation('notAllowed')).toThrow(ConfigurationError)
    expect(() => never.impersonation('notAllowed')).not.toThrow()
    expect(() => route('notAllowed')).not.toThrow()
  })

  test('one that was taken for another app fails on its first request, and does not run', async () => {
    const always = negotiate({ ...options, impersonateCallerForAllOperations: true })
    negotiate(options)
    const app = express()
    app.use(always)
    app.get('/', impersonation('notAllowed'), (_req, res) => void res.send('ran'))
    await using site = await serve(app.use(quietly))
    const answer = await site.get('/', { authorization: await alice.authorization() })
    expect(answer.status).toBe(500)
    expect(answer.body).toBe('ConfigurationError')
  })

  test('the nearest word counts: a route that says notAllowed within a router that requires impersonation', async () => {
    const app = express()
    app.use(negotiate(options))
    app.use(impersonation('required'))
    app.get('/', impersonation('notAllowed'), async (_req, res) => void res.json(await ambient()))
    await using site = await serve(app)
    const answer = await site.get('/', { authorization: await alice.authorization() })
    expect(JSON.parse(answer.body)).toEqual({ as: null })
  })

  test.each([
    ['a group name', () => requireGroup('Sales')],
    ['no group', () => requireGroup([])],
    ['no service', () => requireDelegatedBy([])],
    ['an impersonation option that is none', () => impersonation('sometimes' as ImpersonationOption)],
  ])('does not start with %s', (_what, declare) => {
    expect(declare).toThrow(ConfigurationError)
  })

  test('a route that asks for a caller with nothing in front of it is a fault of the app', async () => {
    const app = express()
    app.get('/', requireGroup('S-1-5-21-1-2-3-512'), (_req, res) => void res.send('ran'))
    await using site = await serve(app.use(quietly))
    expect((await site.get()).body).toBe('ConfigurationError')
  })
})

/** An app's own handler of errors. */
const quietly: express.ErrorRequestHandler = (error: Error, _req, res, _next) => void res.status(500).send(error.name)

/** A token for the API in the user's name, as the web site makes it. */
async function throughWeb(user: string): Promise<string> {
  const client = createKdcClient({ kdc: realm.transport, credentials: { principal: 'web', keytab } })
  const { client: who, ticket, expiresAt } = await client.s4u2self(user)
  const evidence = { client: who, ticket, expiresAt, forwardable: true, origin: 's4u2self' } as const
  const delegated = await client.s4u2proxy(evidence, API)
  return formatAuthorization(createInitiator({ ticket: delegated, now: Date.now }).token)
}
