import { impersonation, negotiate } from '@s4u/express'
import { fetch } from '@s4u/fetch'
import { createInitiator, formatAuthorization } from '@s4u/gssapi'
import { type CallerIdentity, createNegotiator, currentIdentity, type NegotiatorOptions, respond } from '@s4u/negotiate'
import express from 'express'
import { AsyncResource } from 'node:async_hooks'
import { pbkdf2 } from 'node:crypto'
import { EventEmitter, once } from 'node:events'
import { request } from 'node:http'
import { PassThrough, Readable, Writable } from 'node:stream'
import { json } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { MessageChannel, Worker } from 'node:worker_threads'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { API, corporation, Desktop, WEB } from './fixtures/corporation.js'
import { serve, type Serving } from './fixtures/serve.js'
import { stacks } from './fixtures/stacks.js'

/**
 * The `fetch` of `@s4u/fetch` in handlers that run as their callers: whom a backend sees, wherever
 * in a handler it is called.
 */

const PEOPLE = 50
const REQUESTS = 1_000

const realm = await corporation()
const desktopOf = async (name: string) => {
  const ticket = await new Desktop(realm, name).ticketFor(WEB)
  return {
    principal: `${name}@AD.TEST`,
    authorization: () => formatAuthorization(createInitiator({ ticket, now: Date.now }).token),
  }
}
const people = await Promise.all(
  Array.from({ length: PEOPLE }, async (_, index) => {
    await realm.addUser(`user${index}`, { password: 'wonderland' })
    return desktopOf(`user${index}`)
  }),
)

const backend = createNegotiator({ keytab: realm.keytabFor('api') })
let api: Serving
let options: NegotiatorOptions
let thread: Worker

beforeAll(async () => {
  api = await serve(async (request, response) => {
    const outcome = await backend.authenticate(request)
    if (outcome.status === 'challenge') return respond(response, outcome)
    for (const [name, value] of Object.entries(outcome.headers)) response.setHeader(name, value ?? '')
    response.end(outcome.status === 'authenticated' ? outcome.identity.principal : 'nobody')
  })
  const serviceNames = { [new URL(api.url).host]: API }
  options = {
    keytab: realm.keytabFor('web'),
    kdc: realm.transport,
    delegation: { principal: 'web' },
    fetch: { serviceNames },
  }
  // Answers on the port that comes with the question.
  const program = `require('node:worker_threads').parentPort.on('message', ({ port }) => port.postMessage('done'))`
  thread = new Worker(program, { eval: true })
})
afterAll(async () => {
  await thread.terminate()
  await api[Symbol.asyncDispose]()
  backend[Symbol.dispose]()
})

/** Whom the backend sees of a call that is made here; `null` when it is asked to authenticate. */
const seen = async (): Promise<string | null> => {
  const answer = await fetch(`${api.url}/`)
  return answer.status === 200 ? answer.text() : null
}

/** Everything that a handler may start, and that calls the backend later. */
const places: Readonly<Record<string, () => Promise<unknown>>> = {
  'after an await': () => Promise.resolve().then(seen),
  'in a timer': () => new Promise((resolve) => setTimeout(() => resolve(seen()), Math.random() * 5)),
  'in an event of an emitter of its own': async () => {
    const emitter = new EventEmitter()
    const heard = new Promise((resolve) => emitter.once('done', () => resolve(seen())))
    setImmediate(() => emitter.emit('done'))
    return heard
  },
  'in a pipeline of streams': async () => {
    const found: unknown[] = []
    const ask = async function* (chunks: AsyncIterable<unknown>) {
      for await (const _ of chunks) yield await seen()
    }
    const write = (chunk: unknown, _encoding: string, done: () => void): void => {
      found.push(chunk)
      seen()
        .then((who) => found.push(who))
        .finally(done)
    }
    await pipeline(
      Readable.from(['chunk']),
      new PassThrough({ objectMode: true }),
      ask,
      new Writable({ objectMode: true, write }),
    )
    return found[0] === found[1] ? found[0] : found
  },
  'in a callback of the thread pool': () =>
    new Promise((resolve) => pbkdf2('x', 'y', 1, 8, 'sha256', () => resolve(seen()))),
  'in a message of a worker': () => {
    const { port1, port2 } = new MessageChannel()
    const heard = new Promise((resolve) => port1.once('message', () => resolve(seen())))
    thread.postMessage({ port: port2 }, [port2])
    return heard.finally(() => port1.close())
  },
}

describe.each(stacks)('$name', (stack) => {
  test.each(Object.entries(places))('calls a backend as the caller %s', async (_where, act) => {
    const { listener } = stack.build({ options, impersonation: 'required', handle: async () => [await act()] })
    await using site = await serve(listener)
    const [someone] = people
    const { body } = await site.get('/', { authorization: someone.authorization() })
    expect(JSON.parse(body)).toEqual([someone.principal])
  })

  test(
    `keeps ${PEOPLE} callers apart at the backend in ${REQUESTS} requests at once`,
    { timeout: 60_000 },
    async () => {
      const acts = Object.values(places)
      let turn = 0
      const handle = async (): Promise<unknown> => [await acts[turn++ % acts.length](), currentIdentity()?.principal]
      await using site = await serve(stack.build({ options, impersonation: 'required', handle }).listener)
      const requests = Array.from({ length: REQUESTS }, (_, index) => people[index % people.length])
      const answers = await Promise.all(
        requests.map(({ authorization }) => site.get('/', { authorization: authorization() })),
      )
      const wrong = answers.filter(({ body }, index) => {
        const { principal } = requests[index]
        return body !== JSON.stringify([principal, principal])
      })
      expect(wrong.map(({ body }) => body)).toEqual([])
    },
  )
})

describe('a body parser', () => {
  const route = async (_req: express.Request, res: express.Response): Promise<void> => void res.json(await seen())

  test.each([
    ['in front of impersonation', [express.json(), impersonation('required')]],
    ['behind it', [impersonation('required'), express.json()]],
  ])('%s loses no caller', async (_where, handlers) => {
    const app = express()
    app.use(negotiate(options))
    app.post('/', ...handlers, route)
    await using site = await serve(app)
    const answers = await Promise.all(
      people.map(async ({ authorization, principal }) => {
        const headers = { authorization: authorization(), 'content-type': 'application/json' }
        const answer = await globalThis.fetch(site.url, {
          method: 'POST',
          headers,
          body: JSON.stringify({ principal }),
        })
        return [await answer.json(), principal]
      }),
    )
    for (const [at, principal] of answers) expect(at).toBe(principal)
  })
})

type Heard = (who: Promise<unknown>) => void

describe('a listener on an emitter that requests share', () => {
  /** What alice's listener calls the backend as, when it is bob whose request emits. */
  async function heardBy(listen: (bus: EventEmitter, heard: Heard, alice: CallerIdentity) => void): Promise<unknown> {
    const bus = new EventEmitter()
    const [alice, bob] = people
    let heard: Heard = () => {}
    const whom = new Promise((resolve) => (heard = resolve))
    const app = express()
    app.use(negotiate(options), impersonation('required'))
    app.get('/listen', (req, res) => {
      listen(bus, heard, req.identity)
      res.json({})
    })
    app.get('/emit', (_req, res) => void res.json(bus.emit('news')))
    await using site = await serve(app)
    await site.get('/listen', { authorization: alice.authorization() })
    await site.get('/emit', { authorization: bob.authorization() })
    return whom
  }

  test('acts as whoever emits, not as whoever listens', async () => {
    const whom = await heardBy((bus, heard) => bus.once('news', () => heard(seen())))
    expect(whom).toBe(people[1].principal)
  })

  test('acts as whoever listens when it is bound', async () => {
    const whom = await heardBy((bus, heard) =>
      bus.once(
        'news',
        AsyncResource.bind(() => heard(seen())),
      ),
    )
    expect(whom).toBe(people[0].principal)
  })

  test('acts as whom it names', async () => {
    const whom = await heardBy((bus, heard, identity) => {
      const alice = identity.impersonate()
      bus.once('news', () => heard(alice.fetch(api.url).then((answer) => answer.text())))
    })
    expect(whom).toBe(people[0].principal)
  })
})

test('a listener on the request acts as nobody for what comes later: it is the server that emits', async () => {
  const app = express()
  app.use(negotiate(options), impersonation('required'))
  const reached = new EventEmitter()
  app.post('/', (req, res) => {
    req.resume().once('end', () => seen().then((who) => res.json([who])))
    reached.emit('handler')
  })
  await using site = await serve(app)
  const headers = { authorization: people[0].authorization() }
  const sending = request(site.url, { method: 'POST', headers })
  sending.flushHeaders()
  await once(reached, 'handler')
  const answered = once(sending.end('body'), 'response')
  expect(await json((await answered)[0])).toEqual([null])
})
