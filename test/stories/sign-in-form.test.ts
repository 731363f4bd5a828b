/** A person without a ticket signs in at the page, in whatever framework, and is acted for. */

import { getRequestListener } from '@hono/node-server'
import { negotiate as negotiateInExpress } from '@s4u/express'
import { negotiate as negotiateInFastify } from '@s4u/fastify'
import { negotiate as negotiateInHono } from '@s4u/hono'
import { negotiate as negotiateInKoa } from '@s4u/koa'
import { createNegotiator, type NegotiatorOptions } from '@s4u/negotiate'
import { form, type FormOptions, type SignInPage } from '@s4u/sign-in'
import { createTestRealm, type TestRealm } from '@s4u/test-kdc'
import express from 'express'
import express4 from 'express4'
import Fastify, { type FastifyInstance } from 'fastify'
import Fastify4 from 'fastify4'
import { Hono } from 'hono'
import Koa from 'koa'
import type { RequestListener } from 'node:http'
import { describe, expect, test } from 'vitest'
import type { Platform } from './fixtures/stacks/nest-app.js'
import { buildNest } from './fixtures/stacks/nest.js'
import { type Answer, tlsSite } from './fixtures/tls-site.js'
import { bridge } from './fixtures/web/bridge.js'

const GOOD = 'wonderland'
const OLD = 'old-Secret-1'
const NEW = 'new-Secret-2'
const API = 'HTTP/api.ad.test'

function people(): Promise<TestRealm> {
  return createTestRealm({
    realm: 'AD.TEST',
    users: {
      alice: { password: GOOD },
      bob: { password: OLD, mustChangePassword: true },
      käthe: { password: 'schlüssel€' },
    },
    services: { web: { spns: ['HTTP/web.ad.test'], allowedToDelegateTo: [API] }, api: { spns: [API] } },
    passwordPolicy: { minimumLength: 8 },
  })
}

const optionsOf = (realm: TestRealm, ofForm?: FormOptions): NegotiatorOptions => ({
  keytab: realm.keytabFor('web'),
  kdc: { kdc: realm.transport, kpasswd: realm.kpasswd },
  delegation: { principal: 'web' },
  session: 'cookie',
  now: () => realm.now,
  signIn: [form(ofForm)],
  signInOptions: { attempts: { pace: 0 } },
})

type Build = (options: NegotiatorOptions) => RequestListener

const ticketOf = async (identity: { impersonate(): { ticketFor(spn: string): Promise<{ client: unknown }> } }) =>
  JSON.stringify((await identity.impersonate().ticketFor(API)).client)

const inExpress =
  (framework: typeof express, withParser: boolean): Build =>
  (options) => {
    const app = framework()
    if (withParser) app.use(framework.urlencoded({ extended: true }), framework.json())
    app.use(negotiateInExpress(options))
    app.get('/orders', (req, res) => void res.json(req.identity))
    app.get('/backend', (req, res, next) => void ticketOf(req.identity).then((text) => res.send(text), next))
    return app
  }

/** What koa-bodyparser and koa-body do. */
const parseBody: Koa.Middleware = async (ctx, next) => {
  const chunks: Buffer[] = []
  for await (const chunk of ctx.req) chunks.push(chunk)
  if (chunks.length > 0)
    Object.assign(ctx.request, { body: Object.fromEntries(new URLSearchParams(Buffer.concat(chunks).toString())) })
  await next()
}

const inKoa =
  (withParser: boolean): Build =>
  (options) => {
    const app = new Koa()
    if (withParser) app.use(parseBody)
    app.use(negotiateInKoa(options))
    app.use(async (ctx) => {
      if (ctx.path === '/orders') ctx.body = ctx.identity.toJSON()
      if (ctx.path === '/backend') ctx.body = await ticketOf(ctx.identity)
    })
    return app.callback()
  }

const inFastify =
  (create: () => FastifyInstance, withParser: boolean): Build =>
  (options) => {
    const app = create()
    // What @fastify/formbody does.
    if (withParser)
      app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) =>
        done(null, Object.fromEntries(new URLSearchParams(String(body)))),
      )
    app.register(negotiateInFastify, options)
    app.get('/orders', (request, reply) => reply.send(request.identity))
    app.get('/backend', (request) => ticketOf(request.identity))
    const ready = app.ready()
    return (request, response) => void ready.then(() => app.routing(request, response))
  }

/** The app below authenticates its callers itself. */
const inHono =
  (withParser: boolean): Build =>
  (options) => {
    const below = new Hono()
    if (withParser)
      below.use(async (c, next) => {
        if (c.req.method === 'POST') await c.req.parseBody()
        await next()
      })
    below.use(negotiateInHono(options))
    below.get('/orders', (c) => c.json(c.get('identity').toJSON()))
    below.get('/backend', async (c) => c.text(await ticketOf(c.get('identity'))))
    return getRequestListener(new Hono().route('/', below).fetch)
  }

/** One route for all paths, also that of the form: Nest asks no guard where there is no route. */
const inNest =
  (platform: Platform): Build =>
  (options) =>
    buildNest(platform, {
      options,
      handle: ({ identity, url }) => (identity && url.startsWith('/backend') ? ticketOf(identity) : identity?.toJSON()),
    }).listener

/** The runtime tells only the address: TLS is what the URL says. */
const inWeb: Build = (options) =>
  bridge(
    createNegotiator(options).protect(
      async ({ url }, identity) => {
        const { pathname } = new URL(url)
        if (pathname === '/orders') return Response.json(identity)
        return new Response(await ticketOf(identity))
      },
      { connection: () => ({ clientAddress: '127.0.0.1' }) },
    ),
  )

const frameworks: readonly [string, Build][] = [
  ['Express 5', inExpress(express, false)],
  ['Express 5 behind a body parser', inExpress(express, true)],
  ['Express 4', inExpress(express4, false)],
  ['Express 4 behind a body parser', inExpress(express4, true)],
  ['Koa', inKoa(false)],
  ['Koa behind a body parser', inKoa(true)],
  ['Fastify 5', inFastify(() => Fastify(), false)],
  ['Fastify 5 with a parser of forms', inFastify(() => Fastify(), true)],
  ['Fastify 4', inFastify(() => Fastify4(), false)],
  ['Fastify 4 with a parser of forms', inFastify(() => Fastify4(), true)],
  ['Nest on Express', inNest('express')],
  ['Nest on Fastify', inNest('fastify')],
  ['a web-standard handler', inWeb],
  ['Hono', inHono(false)],
  ['Hono behind a body parser', inHono(true)],
]

async function site(ofForm?: FormOptions, build: Build = frameworks[0][1], more: NegotiatorOptions = {}) {
  const realm = await people()
  const served = await tlsSite(build({ ...optionsOf(realm, ofForm), ...more }))
  return {
    realm,
    served,
    async [Symbol.asyncDispose]() {
      await served[Symbol.asyncDispose]()
      await realm[Symbol.asyncDispose]()
    },
  }
}

const titleOf = ({ body }: Answer): string | undefined => /<title>([^<]*)<\/title>/.exec(body)?.[1]
const problemOf = ({ body }: Answer): string | undefined => /role="alert" id="problem">([^<]*)</.exec(body)?.[1]

test.each(frameworks)(
  'in %s a person is shown the page, signs in, and comes where they wanted to go',
  async (_, build) => {
    await using made = await site(undefined, build)
    const browser = made.served.browser()
    const page = await browser.get('/orders?page=2')
    expect([page.status, page.headers['www-authenticate'], titleOf(page)]).toEqual([401, 'Negotiate', 'Sign in'])
    const back = await browser.submit(page, { user: 'alice', password: GOOD, computer: 'private' })
    expect([back.status, back.headers.location, back.body]).toEqual([303, '/orders?page=2', ''])
    const orders = await browser.get('/orders?page=2')
    expect(JSON.parse(orders.body)).toMatchObject({ principal: 'alice@AD.TEST', authenticationMethod: 'form' })
    expect((await browser.get('/backend')).body).toContain('alice')
  },
)

describe('what is wrong', () => {
  test('is told at its field, with the name kept and no hint whether the user exists', async () => {
    await using made = await site()
    const browser = made.served.browser()
    const page = await browser.get('/orders')
    const answers = [
      await browser.submit(page, { user: 'alice', password: 'looking-glass' }),
      await browser.submit(page, { user: 'nobody', password: 'looking-glass' }),
      await browser.submit(page, { user: 'a/b', password: 'x' }),
      await browser.submit(page, { user: 'alice', password: '' }),
    ]
    for (const answer of answers) {
      expect([answer.status, titleOf(answer), problemOf(answer)]).toEqual([
        ...[403, 'Error: Sign in', 'The user name or the password is wrong.'],
      ])
      expect(answer.headers['www-authenticate']).toBeUndefined()
      expect(answer.body).toMatch(/<input id="password"[^>]* aria-invalid="true" aria-describedby="problem" autofocus>/)
      expect(answer.body).not.toContain('looking-glass')
    }
    expect(answers[0].body).toContain('value="alice"')
  })

  test('as often as the limit allows, says how long to wait', async () => {
    await using made = await site()
    const browser = made.served.browser()
    const page = await browser.get('/orders')
    for (const _ of [1, 2, 3, 4]) await browser.submit(page, { user: 'alice', password: 'x' })
    const answer = await browser.submit(page, { user: 'alice', password: GOOD })
    expect([answer.status, answer.headers['retry-after'], problemOf(answer)]).toEqual([
      ...[429, '2100', 'Too many attempts. Try again in 35 minutes.'],
    ])
  })

  test('at the KDC is told as an outage, and counts for nobody', async () => {
    await using made = await site(undefined, undefined, {
      kdc: 'tcp/127.0.0.1:9',
    })
    const browser = made.served.browser()
    const page = await browser.get('/')
    for (const _ of [1, 2, 3, 4, 5, 6]) {
      const answer = await browser.submit(page, { user: 'alice', password: GOOD })
      expect([answer.status, problemOf(answer)]).toEqual([503, 'Nobody can sign in at the moment. Try again later.'])
    }
  })
})

describe('a password that has expired', () => {
  test('is changed at the page, and signs in', async () => {
    await using made = await site()
    const browser = made.served.browser({ 'accept-language': 'de-AT,de;q=0.9,en;q=0.5' })
    const first = await browser.get('/orders')
    const change = await browser.submit(first, { user: 'bob', password: OLD, computer: 'private' })
    expect([change.status, titleOf(change), change.headers['content-language']]).toEqual([
      ...[403, 'Neues Kennwort wählen', 'de'],
    ])
    expect(change.body).not.toContain(OLD)
    const typed = { user: 'bob', password: OLD, newPassword: NEW, repeatedPassword: NEW }
    const different = await browser.submit(change, { ...typed, repeatedPassword: 'other' })
    expect(problemOf(different)).toBe('Die beiden neuen Kennwörter sind nicht gleich.')
    const short = await browser.submit(different, { ...typed, newPassword: 'x', repeatedPassword: 'x' })
    expect([short.status, problemOf(short)]).toEqual([
      ...[403, expect.stringMatching(/^Das neue Kennwort wurde nicht angenommen\. .*8/)],
    ])
    const done = await browser.submit(short, typed)
    expect([done.status, done.headers.location]).toEqual([303, '/orders'])
    expect(JSON.parse((await browser.get('/orders')).body)).toMatchObject({ principal: 'bob@AD.TEST' })
  })

  test('is not changed where the app does not want that', async () => {
    await using made = await site({ changePassword: false })
    const browser = made.served.browser()
    const page = await browser.get('/orders')
    const typed = { user: 'bob', password: OLD, newPassword: NEW, repeatedPassword: NEW }
    const answer = await browser.submit(page, typed)
    expect([answer.status, titleOf(answer)]).toEqual([403, 'Error: Sign in'])
  })
})

test('a public computer is signed out after a quarter of an hour, a private one is not', async () => {
  await using made = await site()
  let ahead = 0
  await using later = await tlsSite(frameworks[0][1]({ ...optionsOf(made.realm), now: () => made.realm.now + ahead }))
  for (const [computer, status] of [
    ['public', 401],
    ['private', 200],
  ] as const) {
    ahead = 0
    const browser = later.browser()
    const page = await browser.get('/orders')
    expect(page.body).toMatch(/value="public" checked/)
    await browser.submit(page, { user: 'alice', password: GOOD, computer })
    ahead = 14 * 60_000
    expect((await browser.get('/orders')).status).toBe(200)
    ahead = 16 * 60_000
    expect((await browser.get('/orders')).status).toBe(status)
  }
})

test('whoever signs out is asked, told, and unknown again', async () => {
  await using made = await site()
  const browser = made.served.browser()
  await browser.submit(await browser.get('/orders'), { user: 'alice', password: GOOD })
  const ask = await browser.get('/.s4u/sign-out')
  expect([ask.status, titleOf(ask)]).toEqual([200, 'Sign out'])
  expect((await browser.get('/orders')).status).toBe(200)
  const out = await browser.submit(ask, {})
  expect([out.status, out.headers.location]).toEqual([303, '/.s4u/sign-in?signed-out'])
  const told = await browser.get('/.s4u/sign-in?signed-out')
  expect([told.status, told.body]).toEqual([200, expect.stringContaining('role="status">You are signed out.')])
  expect((await browser.get('/orders')).status).toBe(401)
})

test('letters of every alphabet are one password, whatever parser was in front', async () => {
  for (const [, build] of frameworks) {
    await using made = await site(undefined, build)
    const browser = made.served.browser()
    const done = await browser.submit(await browser.get('/'), { user: 'käthe', password: 'schlüssel€' })
    expect(done.status).toBe(303)
  }
})

describe('the page', () => {
  test('may load nothing, run nothing, and be shown in no frame', async () => {
    await using made = await site()
    const { headers, body } = await made.served.browser().get('/orders')
    expect(headers['content-security-policy']).toMatch(
      /^default-src 'none'; style-src 'sha256-[^']+'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'$/,
    )
    expect(headers).toMatchObject({ 'x-frame-options': 'DENY', 'cache-control': 'private, no-store' })
    expect(body).not.toMatch(/<script|\son\w+=/)
  })

  test('speaks the language of the browser, and texts of the app', async () => {
    const texts = { en: { signIn: 'Welcome to <Contoso>' }, it: { signIn: 'Accesso', userName: 'Nome utente' } }
    await using made = await site({ texts })
    const titleIn = async (language: string) =>
      titleOf(await made.served.browser({ 'accept-language': language }).get('/orders'))
    expect(await titleIn('en')).toBe('Welcome to &lt;Contoso&gt;')
    expect(await titleIn('xx, fr-CA;q=0.8, de;q=0.3')).toBe('Connexion')
    expect(await titleIn('it-CH')).toBe('Accesso')
    expect(await titleIn('')).toBe('Welcome to &lt;Contoso&gt;')
  })

  test('may be made by a template of the app', async () => {
    const pages: SignInPage[] = []
    const template = (page: SignInPage): string => (pages.push(page), `<h1>${page.step}</h1>`)
    await using made = await site({ template, computer: 'private' })
    const { body, headers } = await made.served.browser().get('/orders')
    expect([body, headers['content-security-policy']]).toEqual([
      '<h1>sign-in</h1>',
      expect.stringMatching(/^default-src 'self'; /),
    ])
    expect(pages).toMatchObject([{ action: '/.s4u/sign-in', hidden: { next: '/orders' }, asksComputer: false }])
  })

  test('shows the name, the picture and the colour of the site', async () => {
    await using made = await site({ theme: { name: 'Orders & more', logo: '/logo.svg', accent: '#ffd500' } })
    const { body } = await made.served.browser().get('/orders')
    expect(body).toContain('<img class="logo" src="/logo.svg" alt="">')
    expect(body).toContain('<p class="site">Orders &amp; more</p>')
    expect(body).toContain('color:#000;background:#ffd500')
  })
})

test('the page comes without Negotiate where the app says so, and a ticket counts all the same', async () => {
  await using made = await site({ offerNegotiate: false })
  const page = await made.served.browser().get('/orders')
  expect([page.status, page.headers['www-authenticate'], titleOf(page)]).toEqual([403, undefined, 'Sign in'])
  const asked = await made.served.ask('/orders')
  expect([asked.status, asked.headers['www-authenticate']]).toEqual([401, 'Negotiate'])
})

test('a script or a program is never shown the page', async () => {
  await using made = await site()
  const { served } = made
  const fetched = await served.ask('/orders', { headers: { 'sec-fetch-mode': 'cors', accept: 'text/html' } })
  expect([fetched.status, fetched.headers['content-type'], fetched.headers['www-authenticate']]).toEqual([
    ...[401, 'text/plain; charset=utf-8', 'Negotiate'],
  ])
  expect((await served.ask('/orders')).headers['content-type']).toBe('text/plain; charset=utf-8')
})

test.each<[FormOptions, string]>([
  [{ computer: 'mine' as never }, 'form: computer must be ask, public or private'],
  [{ publicMaxAge: 0 }, 'form: publicMaxAge must be a number of milliseconds, more than 0'],
  [{ theme: { accent: 'red' } }, 'form: theme.accent must be a colour'],
  [{ theme: { logo: 'https://cdn.test/logo.svg' } }, 'form: theme.logo must be a path of this site'],
  [{ theme: { css: '</style><script>' } }, 'form: theme.css must be rules'],
  [{ texts: { klingon: {} } }, 'form: texts has a name that is no language'],
  [{ texts: { en: { sumbit: 'Go' } as never } }, 'form: texts.en has something that is no text of the pages'],
  [{ contentSecurityPolicy: 'a\nb' }, 'form: contentSecurityPolicy must be the value of that header'],
])('options that cannot work are refused at once: %j', (options, message) => {
  expect(() => form(options)).toThrow(message)
})

test('without a session that a cookie keeps there is no form', async () => {
  await using realm = await people()
  expect(() => negotiateInKoa({ ...optionsOf(realm), session: false })).toThrow(
    'form() needs a session that a cookie keeps',
  )
})
