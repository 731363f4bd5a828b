import { randomBytes } from 'node:crypto'
import { createAcceptor } from '@s4u/acceptor'
import { asyncHandler, errorHandler, negotiate as negotiateExpress } from '@s4u/express'
import { errorHandler as errorHandlerFastify, negotiate as negotiateFastify } from '@s4u/fastify'
import { createNegotiationFor } from '@s4u/fetch'
import { createKdcClient } from '@s4u/kdc-client'
import { negotiate as negotiateKoa } from '@s4u/koa'
import { createNegotiator, type Mode, type NegotiatorOptions, type Outcome } from '@s4u/negotiate'
import type { ErrorRequestHandler } from 'express'
import express4 from 'express4'
import Fastify from 'fastify'
import Koa from 'koa'
import { describe, expect, test } from 'vitest'
import { API, corporation, Desktop } from '../stories/fixtures/corporation.js'
import { serve } from '../stories/fixtures/serve.js'
import { stacks } from '../stories/fixtures/stacks.js'

/**
 * Options that somebody else has a hand in: a library that writes to Object.prototype, a caller
 * that goes on with its objects.
 */

const realm = await corporation()
const keytab = realm.keytabFor('web')
const alice = new Desktop(realm, 'alice')

/** As a merge of a request's JSON does that is not careful with `__proto__`. */
async function polluted<T>(properties: object, act: () => Promise<T>): Promise<T> {
  const prototype: object = Object.prototype
  Object.assign(prototype, properties)
  try {
    return await act()
  } finally {
    for (const name of Object.keys(properties)) Reflect.deleteProperty(prototype, name)
  }
}

function identityOf(outcome: Outcome) {
  if (outcome.status !== 'authenticated') throw new Error(`not authenticated, but ${outcome.status}`)
  return outcome.identity
}

describe('whoever writes to Object.prototype', () => {
  test.each(['off', 'optional'])('does not open an app by mode %s', async (mode) => {
    for (const stack of stacks) {
      const refused = stack.failsByInheritedMode ? 500 : 401
      const site = await serve(stack.build({ options: { keytab } }).listener)
      const late = await polluted({ mode }, () => site.get('/'))
      expect([stack.name, late.status]).toEqual([stack.name, refused])
      await site[Symbol.asyncDispose]()
      const status = await polluted({ mode }, async () => {
        await using early = await serve(stack.build({ options: { keytab } }).listener)
        return (await early.get('/')).status
      })
      expect([stack.name, status]).toEqual([stack.name, refused])
    }
  })

  test('does not open a negotiator that is asked without options, nor an upgrade', async () => {
    using negotiator = createNegotiator({ keytab })
    const request = { headers: { upgrade: 'websocket' }, method: 'GET' }
    const statuses = await polluted({ mode: 'off' }, async () => [
      (await negotiator.authenticate({ headers: {}, method: 'GET' })).status,
      (await negotiator.authenticate({ headers: {}, method: 'GET' }, {})).status,
      (await negotiator.authenticateUpgrade(request)).status,
    ])
    expect(statuses).toEqual(['challenge', 'challenge', 'challenge'])
  })

  test('does not have a service believed that proves nothing', async () => {
    using negotiator = createNegotiator({ keytab, kdc: realm.transport, delegation: { principal: 'web' } })
    const request = { headers: { authorization: await alice.authorization() }, method: 'GET' }
    const identity = identityOf(await negotiator.authenticate(request))
    const unproven = /mutual|prove/
    const context = await polluted({ mutual: false }, () => identity.impersonate().contextFor(API))
    expect(() => context.step(undefined)).toThrow(unproven)
    const initiator = await polluted({ mutual: false }, () => alice.initiator(API))
    expect(() => initiator.step(undefined)).toThrow(unproven)
  })

  test('does not have messages go unsealed', async () => {
    const initiator = await alice.initiator(API, { mutual: false })
    const step = initiator.step(undefined)
    if (step.status !== 'established') throw new Error(step.status)
    const wrapped = await polluted({ confidential: false }, async () => step.context.wrap(Buffer.from('the secret')))
    expect(Buffer.from(wrapped).includes('the secret')).toBe(false)
  })
})

describe('whoever wipes a secret after use', () => {
  test('does not leave sessions that are sealed with zeros', async () => {
    const key = randomBytes(32)
    using app = createNegotiator({ keytab, session: { kind: 'cookie', keys: [key] } })
    key.fill(0)
    using zeros = createNegotiator({ keytab, session: { kind: 'cookie', keys: [new Uint8Array(32)] } })
    const request = { headers: { authorization: await alice.authorization() }, method: 'GET' }
    const { headers } = await app.authenticate(request)
    const [cookie] = String(headers['Set-Cookie']).split(';')
    const shown = { headers: { cookie }, method: 'GET' }
    expect((await app.authenticate(shown)).status).toBe('authenticated')
    expect((await zeros.authenticate({ ...shown })).status).toBe('challenge')
  })

  test('does not leave a service with keys of zeros', async () => {
    for (const octets of [keytab.encode(), Buffer.from(Buffer.from(keytab.encode()).toString('base64'))]) {
      using negotiator = createNegotiator({ keytab: octets })
      octets.fill(0)
      const request = { headers: { authorization: await alice.authorization() }, method: 'GET' }
      expect((await negotiator.authenticate(request)).status).toBe('authenticated')
    }
  })
})

describe('options of a class, or with defaults below', () => {
  const makers: [string, (options: NegotiatorOptions) => unknown][] = [
    ['createNegotiator', createNegotiator],
    ['negotiate of Express', negotiateExpress],
    ['negotiate of Koa', negotiateKoa],
    ['negotiate of Fastify', inFastify],
  ]

  test.each(makers)('%s applies what they inherit', async (_name, make) => {
    const rules: NegotiatorOptions = { keytab, http2Challenge: 'http-1.1-required', mode: 'sometimes' as Mode }
    const made = async () => make(Object.create(rules) as NegotiatorOptions)
    await expect(made()).rejects.toThrow('mode must be one of required, optional, off')
  })

  test.each(makers)('%s refuses names that are none among what they inherit', async (_name, make) => {
    const made = async () => make(Object.create({ keytab, requirePAC: true }) as NegotiatorOptions)
    await expect(made()).rejects.toThrow(expect.objectContaining({ code: 'S4U_UNKNOWN_OPTION' }))
  })

  test.each([[[]], [true], [() => ({ keytab })], [new Uint8Array(2)]])('no options are %o', (odd) => {
    for (const make of [negotiateExpress, negotiateKoa, errorHandler, errorHandlerFastify] as ((
      given: never,
    ) => unknown)[]) {
      expect(() => make(odd as never)).toThrow(/^\w+: the options must be an object, not /)
    }
  })
})

async function inFastify(given: NegotiatorOptions): Promise<void> {
  await Fastify().register(negotiateFastify, given)
}

describe('what is said with a call', () => {
  const asked = { headers: {}, method: 'GET' }

  test('is a closed set of names', async () => {
    using negotiator = createNegotiator({ keytab, kdc: realm.transport, delegation: { principal: 'web' } })
    using acceptor = createAcceptor({ keytab })
    const client = createKdcClient({
      kdc: realm.transport,
      realm: 'AD.TEST',
      credentials: { principal: 'web', keytab },
    })
    const own = await client.ticketFor(API)
    const evidence = await client.s4u2self('alice')
    const negotiationFor = createNegotiationFor({ ticketFor: (spn) => client.ticketFor(spn) })
    const odd = (options: object): never => options as never
    const calls: [string, () => unknown][] = [
      ['authenticate', () => negotiator.authenticate(asked, odd({ mod: 'optional' }))],
      ['authenticateUpgrade', () => negotiator.authenticateUpgrade(asked, odd({ Mode: 'optional' }))],
      ['accept', () => acceptor.accept(new Uint8Array(1), odd({ channelBinding: new Uint8Array(1) }))],
      ['identify', () => acceptor.identify(own.ticket, 'kerberos', odd({ sessionkey: own.sessionKey }))],
      ['ticketFor', () => client.ticketFor(API, odd({ maxage: 0 }))],
      ['ticketFor', () => client.ticketFor(API, odd({ usertouser: own.ticket }))],
      ['s4u2self', () => client.s4u2self('alice', odd({ maxage: 0 }))],
      ['s4u2proxy', () => client.s4u2proxy(odd(evidence), API, odd({ Fresh: true }))],
      ['tgtToForward', () => client.tgtToForward(odd({ maxage: 0 }))],
      ['tgtToForward', () => client.tgtToForward(odd({ maxage: 0 }))],
      ['ticketWith', () => client.ticketWith(odd(own), API, odd({ maxage: 0 }))],
      ['ticketAs', () => client.ticketAs({ user: 'alice@AD.TEST' }, API, odd({ maxage: 0 }))],
      ['negotiationFor', () => negotiationFor('http://api.ad.test/', odd({ signals: undefined }))],
    ]
    for (const [owner, call] of calls) {
      const refused = await Promise.resolve()
        .then(call)
        .then(
          () => undefined,
          (error: unknown) => error,
        )
      expect([owner, refused]).toEqual([owner, expect.objectContaining({ code: 'S4U_UNKNOWN_OPTION' })])
      expect(String(refused)).toContain(`${owner}: "`)
    }
  })

  test.each([
    ['another word', 'Off'],
    ['nothing of a list', ''],
    ['a promise', Promise.resolve('off')],
    ['null', null],
  ])('is no mode: %s', async (_what, mode) => {
    using negotiator = createNegotiator({ keytab })
    const call = negotiator.authenticate(asked, { mode: mode as Mode })
    await expect(call).rejects.toThrow(/^mode must be one of required, optional, off, not /)
  })

  test('is no mode of a function of an adapter either', async () => {
    const mode = (async () => 'off') as unknown as () => Mode
    const app = express4()
    app.use(negotiateExpress({ keytab, mode }), (_req, res) => void res.send('let in'))
    // Express logs what nobody handles.
    app.use(((_error, _req, res, _next) => void res.status(500).end()) as ErrorRequestHandler)
    await using site = await serve(app)
    expect((await site.get('/')).status).toBe(500)
    const koa = new Koa().use(negotiateKoa({ keytab, mode })).use((ctx) => void (ctx.body = 'let in'))
    koa.silent = true
    await using other = await serve(koa.callback())
    expect((await other.get('/')).status).toBe(500)
    const fastify = Fastify()
    await fastify.register(negotiateFastify, { keytab, mode })
    fastify.get('/', () => 'let in')
    expect((await fastify.inject('/')).statusCode).toBe(500)
  })
})

describe('a handler that fails with nothing', () => {
  test.each([
    ['undefined', undefined],
    ['null', null],
    ['an empty text', ''],
  ])('does not let the request pass: %s', async (_what, reason) => {
    const app = express4()
    app.get(
      '/',
      asyncHandler(() => Promise.reject(reason)),
      (_req, res) => void res.send('let in'),
    )
    app.use(((_error, _req, res, _next) => void res.status(500).end()) as ErrorRequestHandler)
    await using site = await serve(app)
    expect(await site.get('/')).toMatchObject({ status: 500, body: '' })
  })
})
