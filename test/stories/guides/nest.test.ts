import { negotiate } from '@s4u/express'
import type { TestRealm } from '@s4u/test-kdc'
import express from 'express'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import type { Server } from 'node:http'
import { fileURLToPath } from 'node:url'
import { ClientProxyFactory, Transport } from '@nestjs/microservices'
import { firstValueFrom } from 'rxjs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { corporation, Desktop, PASSWORD } from '../fixtures/corporation.js'
import { fetchAs, freePort, Guide } from './guide.js'

/** docs/nest.md: its apps, compiled as their readers compile them, and asked by users. */
const guide = new Guide('nest')
const compiler = fileURLToPath(new URL('../../../node_modules/typescript/bin/tsc', import.meta.url))
let realm: TestRealm
let backend: Server
let environment: Record<string, string>

beforeAll(async () => {
  realm = await corporation()
  await realm.listen()
  guide.settle(realm, 'web')
  const api = express().use(negotiate({ keytab: realm.keytabFor('api') }))
  api.use((req, res) => void res.type('text').send(`orders of ${req.identity.principal}`))
  backend = api.listen(0, '127.0.0.1')
  await once(backend, 'listening')
  const address = backend.address()
  const host = typeof address === 'object' ? `127.0.0.1:${address?.port}` : ''
  environment = { HOSTS: JSON.stringify({ 'api.ad.test': host }), SALES: realm.sidOf('Sales') }
  compile()
}, 60_000)
afterAll(async () => {
  guide.close()
  backend.close()
  await realm[Symbol.asyncDispose]()
})

/** With the options that the page names, and those of the apps that `nest new` makes. */
function compile(): void {
  const decorators = { experimentalDecorators: true, emitDecoratorMetadata: true }
  const compilerOptions = { target: 'ES2023', module: 'nodenext', strict: true, skipLibCheck: true, types: ['node'] }
  guide.write('tsconfig.json', JSON.stringify({ compilerOptions: { ...compilerOptions, ...decorators } }))
  execFileSync(process.execPath, [compiler, '-p', guide.folder], { stdio: 'pipe' })
}

const as = (user: string) => fetchAs(realm, user, PASSWORD)

test('routes know their caller, ask for groups, act as the caller, and are open where they say so', async () => {
  const url = await guide.serve('app.js', environment)
  const textFor = async (user: string, path: string) => {
    const answer = await as(user)(`${url}${path}`)
    return `${answer.status} ${await answer.text()}`
  }
  expect(await textFor('alice', '')).toBe('200 Hello alice@AD.TEST')
  expect(await textFor('alice', 'greeting')).toBe('200 Good morning, alice@AD.TEST')
  expect(await textFor('alice', 'turnover')).toBe('200 for members of Sales')
  expect(await textFor('bob', 'turnover')).toBe('403 You may not use this.\n')
  expect(await textFor('alice', 'orders')).toBe('200 orders of alice@AD.TEST')
  expect(await textFor('carol', 'orders')).toBe('403 Forbidden\n')
  const unknown = await fetch(url)
  expect([unknown.status, unknown.headers.get('www-authenticate')]).toEqual([401, 'Negotiate'])
  expect(await (await fetch(`${url}health`)).text()).toBe('up')
}, 30_000)

const ticketOf = async (user: string) => ({ authorization: await new Desktop(realm, user).authorization() })

test('resolvers are judged one by one, and a session lets a query in as a ticket does', async () => {
  const url = await guide.serve('graphql.js', environment)
  const ask = async (query: string, headers: Readonly<Record<string, string>>) => {
    const answer = await fetch(`${url}graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ query }),
    })
    return { answer, body: await answer.json() }
  }
  const { answer, body } = await ask('{ me turnover orders }', await ticketOf('alice'))
  expect(body).toEqual({
    data: { me: 'alice@AD.TEST', turnover: 'for members of Sales', orders: 'orders of alice@AD.TEST' },
  })
  const [cookie] = answer.headers.getSetCookie().map((line) => line.split(';')[0])
  expect((await ask('{ me }', { cookie })).body).toEqual({ data: { me: 'alice@AD.TEST' } })
  const { body: ofBob } = await ask('{ me turnover }', await ticketOf('bob'))
  expect(ofBob).toMatchObject({ data: { me: 'bob@AD.TEST', turnover: null }, errors: [{ path: ['turnover'] }] })
  const { answer: refused, body: nothing } = await ask('{ me }', {})
  expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([200, 'Negotiate'])
  expect(nothing).toMatchObject({ data: null, errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] })
}, 30_000)

test('messages of a WebSocket come as the caller of the handshake, and their rules count', async () => {
  const url = await guide.serve('sockets.js', environment)
  const ws = url.replace('http', 'ws')
  const [error] = await once(new WebSocket(ws), 'error').catch((refused: Error) => [refused])
  expect(error.message).toBe('Unexpected server response: 401')
  const talk = async (user: string, event: string) => {
    const socket = new WebSocket(ws, { headers: await ticketOf(user) })
    await once(socket, 'open')
    socket.send(JSON.stringify({ event, data: 'good morning' }))
    const [answer] = await once(socket, 'message')
    socket.terminate()
    return JSON.parse(String(answer))
  }
  expect(await talk('alice', 'say')).toEqual({ event: 'said', data: 'alice said good morning' })
  expect(await talk('alice', 'turnover')).toEqual({ event: 'turnover', data: 'for members of Sales' })
  expect(await talk('bob', 'turnover')).toMatchObject({ event: 'exception', data: { message: 'Forbidden resource' } })
}, 30_000)

describe('an app that takes messages too', () => {
  const code = guide.page.split('// hybrid.ts\n')[1].split('```')[0]

  test('answers what says that it is open, and refuses the rest', async () => {
    const port = await freePort()
    const url = await guide.serve('hybrid.js', { ...environment, MESSAGES: String(port) })
    expect(await (await as('alice')(url)).text()).toBe('Hello alice@AD.TEST')
    expect((await fetch(url)).status).toBe(401)
    const client = ClientProxyFactory.create({ transport: Transport.TCP, options: { host: '127.0.0.1', port } })
    try {
      expect(await firstValueFrom(client.send('count', ''))).toBe(3)
      await expect(firstValueFrom(client.send('prices', ''))).rejects.toMatchObject({ status: 'error' })
    } finally {
      await client.close()
    }
  }, 30_000)

  test.each(["  @NegotiateMode('off')\n", '  @Negotiated()\n'])(
    'does not start where a handler does not say what it is: without %j',
    async (line) => {
      expect(code).toContain(line)
      guide.write('unsaid.ts', code.replace(line, ''))
      compile()
      const { status, output } = await guide.run([`${guide.folder}/unsaid.js`], {
        ...environment,
        PORT: String(await freePort()),
        MESSAGES: String(await freePort()),
      })
      expect(output).toContain('is a message of a microservice, whose caller nobody knows')
      expect(status).not.toBe(0)
    },
    60_000,
  )
})
