/**
 * What is Passport's own: lists of strategies, users of the app, sessions. That all other stories
 * hold with Passport is the stacks `Passport 0.7` and `Passport 0.6`.
 */

import { errorHandler } from '@s4u/express'
import { type CallerIdentity, type NegotiatorOptions, S4uError } from '@s4u/negotiate'
import { NegotiateStrategy, serializePrincipal, type Verify } from '@s4u/passport'
import express, { type Request } from 'express'
import session, { MemoryStore } from 'express-session'
import passport from 'passport'
import passport6 from 'passport6'
import { Strategy } from 'passport-strategy'
import { describe, expect, test } from 'vitest'
import { corporation, Desktop } from './fixtures/corporation.js'
import { serve } from './fixtures/serve.js'

const realm = await corporation()
const keytab = realm.keytabFor('web')
const alice = new Desktop(realm, 'alice')
const authorized = async () => ({ authorization: await alice.authorization() })

/** A strategy that knows its callers by a header. */
class ByHeader extends Strategy {
  readonly name = 'header'
  override authenticate(req: Request): void {
    const user = req.get('x-user')
    if (user === undefined) this.fail('Header realm="x"', 401)
    else this.success({ principal: user })
  }
}

describe.each([
  ['0.7', passport.Passport],
  ['0.6', passport6.Passport],
])('with Passport %s', (_version, Passport) => {
  /** An app whose page is the user. */
  const open = (options: NegotiatorOptions, verify?: Verify, names: string[] = ['negotiate']) => {
    const authenticator = new Passport()
    authenticator.use(new NegotiateStrategy({ keytab, ...options }, verify)).use(new ByHeader())
    const app = express()
    app.use(authenticator.authenticate(names, { session: false }))
    app.use((req, res) => void res.json(req.user ?? null))
    app.use(errorHandler({ onError: () => {} }))
    return serve(app)
  }

  test('the user is the caller, or what verify says, by done or by a promise', async () => {
    const ways: readonly [Verify | undefined, unknown][] = [
      [undefined, expect.objectContaining({ principal: 'alice@AD.TEST' })],
      [({ name }, done) => done(null, { name }), { name: 'alice' }],
      [async ({ name }: CallerIdentity) => ({ name }), { name: 'alice' }],
      [({ name }, done, req) => done(null, { name, path: req.path }), { name: 'alice', path: '/' }],
    ]
    for (const [verify, user] of ways) {
      await using site = await open({}, verify)
      const answer = await site.get('/', await authorized())
      expect(JSON.parse(answer.body)).toEqual(user)
      expect(answer.headers['www-authenticate']).toMatch(/^Negotiate ./)
    }
  })

  test('a caller whom verify does not know gets 403, and is not asked again', async () => {
    for (const verify of [
      (_: CallerIdentity, done: (error: null, user: false) => void) => done(null, false),
      async () => false as const,
    ]) {
      await using site = await open({}, verify as Verify)
      const answer = await site.get('/', await authorized())
      expect([answer.status, answer.body]).toEqual([403, 'Forbidden'])
    }
  })

  test('what fails in verify is an error of the app', async () => {
    const fault = new Error('the directory is away')
    for (const verify of [
      ((_, done) => done(fault)) as Verify,
      () => Promise.reject(fault),
      (() => {
        throw fault
      }) as Verify,
    ]) {
      const authenticator = new Passport()
      authenticator.use(new NegotiateStrategy({ keytab }, verify))
      const errors: unknown[] = []
      const app = express().use(authenticator.authenticate('negotiate', { session: false }))
      app.use(((error, _req, res, _next) => {
        errors.push(error)
        res.status(500).end()
      }) as express.ErrorRequestHandler)
      await using site = await serve(app)
      expect((await site.get('/', await authorized())).status).toBe(500)
      expect(errors).toEqual([fault])
    }
  })

  test('others of a list are tried where there is no ticket, and all are offered', async () => {
    await using site = await open({}, undefined, ['negotiate', 'header'])
    expect(JSON.parse((await site.get('/', { headers: { 'x-user': 'carol' } })).body)).toEqual({ principal: 'carol' })
    expect(JSON.parse((await site.get('/', await authorized())).body)).toMatchObject({ principal: 'alice@AD.TEST' })
    const refused = await site.get('/')
    expect([refused.status, refused.headers['www-authenticate']]).toEqual([401, 'Negotiate, Header realm="x"'])
  })

  test('none is tried for a page of another site, nor where the app says what a 401 is', async () => {
    const headers = { 'x-user': 'carol', 'sec-fetch-site': 'cross-site' }
    await using site = await open({}, undefined, ['negotiate', 'header'])
    expect((await site.get('/', { ...(await authorized()), method: 'POST', headers })).status).toBe(403)
    await using own = await open({ challenge: () => 'Ask the help desk.' }, undefined, ['negotiate', 'header'])
    const answer = await own.get('/', { headers: { 'x-user': 'carol' } })
    expect([answer.status, answer.body]).toEqual([401, 'Ask the help desk.'])
  })

  test('an unknown caller passes where the strategy or the route says so', async () => {
    await using site = await open({ mode: 'optional' })
    expect((await site.get('/')).body).toBe('null')
    const authenticator = new Passport()
    authenticator.use(new NegotiateStrategy({ keytab }))
    const app = express().use(authenticator.authenticate('negotiate', { session: false, mode: 'optional' } as object))
    app.use((req, res) => void res.json(req.user ?? null))
    await using route = await serve(app)
    expect((await route.get('/')).body).toBe('null')
  })

  test('a callback of the app gets the outcome', async () => {
    const authenticator = new Passport()
    authenticator.use(new NegotiateStrategy({ keytab }))
    const app = express().use((req, res, next) => {
      const told: passport.AuthenticateCallback = (error, user, info, status) =>
        void res.json([error, user && 'user', info ?? null, status ?? null])
      authenticator.authenticate('negotiate', told)(req, res, next)
    })
    await using site = await serve(app)
    expect(JSON.parse((await site.get('/', await authorized())).body)).toEqual([null, 'user', null, null])
    expect(JSON.parse((await site.get('/')).body)).toEqual([null, false, 'Negotiate', 401])
  })

  test('a session has the principal, and nothing of the ticket', async () => {
    const authenticator = new Passport()
    authenticator.use(new NegotiateStrategy({ keytab }))
    authenticator.serializeUser(serializePrincipal)
    authenticator.deserializeUser((principal: string, done) => done(null, { principal }))
    const store = new MemoryStore()
    const app = express().use(session({ store, secret: 'x', resave: false, saveUninitialized: false }))
    app.use(authenticator.session())
    const negotiate = authenticator.authenticate('negotiate')
    app.use((req, res, next) => (req.isAuthenticated() ? next() : negotiate(req, res, next)))
    app.use((req, res) => void res.json({ user: req.user, identity: req.identity?.principal ?? null }))
    await using site = await serve(app)
    const first = await site.get('/', await authorized())
    expect(JSON.parse(first.body)).toMatchObject({ identity: 'alice@AD.TEST' })
    const [cookie] = (first.headers['set-cookie'] ?? []).map((line) => line.split(';')[0])
    const again = await site.get('/', { headers: { cookie } })
    expect(JSON.parse(again.body)).toEqual({ user: { principal: 'alice@AD.TEST' }, identity: null })
    const kept = await new Promise((resolve) =>
      store.all!((_error, sessions) => resolve(Object.values(sessions ?? {}))),
    )
    expect(kept).toEqual([expect.objectContaining({ passport: { user: 'alice@AD.TEST' } })])
  })
})

test('a user without a principal is not serialised', () => {
  for (const user of [{}, { principal: '' }, { principal: 7 }])
    serializePrincipal(user, (error, id) => {
      expect([S4uError.is(error) && error.message, id]).toEqual([
        'serializePrincipal: the user has no principal',
        undefined,
      ])
    })
})

test('a strategy takes no wrong options, and no verify that is no function', () => {
  const wrong: unknown = { keytabs: [] }
  expect(() => new NegotiateStrategy(wrong as NegotiatorOptions)).toThrow(/keytabs/)
  expect(() => new NegotiateStrategy({ keytab }, {} as Verify)).toThrow(/verify must be a function/)
})
