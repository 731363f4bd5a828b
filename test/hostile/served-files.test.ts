/** What clients and apps could do to the file server, and to each other, through `serveShare`. */

import { createInitiator } from '@s4u/gssapi'
import { type ServedCaller, serveShare, type ServeShareOptions } from '@s4u/smb'
import { once } from 'node:events'
import { createServer, type IncomingMessage, request as send, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { expect, test as anyTest, vi } from 'vitest'
import { issueTicket } from '../../packages/gssapi/src/fixtures/issued-ticket.js'
import { Command } from '../../packages/smb/src/wire/header.js'
import { startFakeFileServer } from './fake-file-server.js'

const test = (name: string, run: () => Promise<void>) => anyTest(name, { timeout: 8_000 }, run)

const { CLOSE, CREATE, QUERY_INFO } = Command

/** A site with one share; `meanwhile` is called while the file server describes a file. */
async function startSite(
  meanwhile: (response: ServerResponse) => void,
  options: Partial<ServeShareOptions> = {},
  prepare: (response: ServerResponse) => void = () => {},
  wait: () => Promise<void> = async () => {},
) {
  const { credential, serviceKey } = issueTicket({ now: Date.now() })
  let now: ServerResponse | undefined
  const files = await startFakeFileServer(serviceKey, {
    // Not where a file is opened, which asks for its number alone.
    unsigned: ({ command, message }) => void (command === QUERY_INFO && message.length > 80 && now && meanwhile(now)),
  })
  /** A new ticket is another user to the pool. */
  const caller = (ticket = credential): ServedCaller => ({
    impersonate: () => ({
      principal: 'alice@AD.TEST',
      ticketFor: async () => {
        await wait()
        return ticket
      },
      contextFor: async () => createInitiator({ ticket: credential, now: Date.now }),
    }),
  })
  const where = { address: '127.0.0.1', port: files.port, timeLimit: 2_000, idleTimeout: 500, onError: () => {} }
  const handler = serveShare('\\\\files.ad.test\\www', { as: 'caller', ...where, ...options })
  const identities = { alice: caller(), bob: caller({ ...credential, ticket: { ...credential.ticket } }) }
  const server = createServer((request, response) => {
    now = response
    prepare(response)
    const identity = identities[request.headers['x-user'] === 'bob' ? 'bob' : 'alice']
    handler(Object.assign(request, { identity }), response, () => void response.writeHead(404).end())
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const count = (command: number): number => files.asked.filter((each) => each === command).length
  return {
    get: async (user: 'alice' | 'bob' = 'alice') => {
      const asking = send({ host: '127.0.0.1', port, path: '/a.txt', headers: { 'x-user': user }, agent: false }).end()
      const [answer]: IncomingMessage[] = await once(asking, 'response')
      return { status: answer.statusCode, headers: answer.headers, body: await text(answer) }
    },
    count,
    async [Symbol.asyncDispose]() {
      server.close().closeAllConnections()
      await handler[Symbol.asyncDispose]()
      await files[Symbol.asyncDispose]()
    },
  }
}

test('a client that goes while its file is described leaves no file open on the server', async () => {
  let goes = true
  await using site = await startSite((response) => void (goes && response.destroy()))
  for (let i = 0; i < 5; i++) await expect(site.get()).rejects.toMatchObject({ code: 'ECONNRESET' })
  await vi.waitFor(() => expect([site.count(CREATE), site.count(CLOSE)]).toEqual([5, 5]), 2_000)
  goes = false
  expect(await site.get()).toMatchObject({ status: 200, body: 'contents' })
})

test('an answer that the app has given meanwhile leaves neither file nor session in use', async () => {
  let isLate = true
  const late = (response: ServerResponse) => void (isLate && response.writeHead(503).end('late'))
  await using site = await startSite(late, { maxCallers: 1, idleTimeout: 1 })
  expect(await site.get()).toMatchObject({ status: 503, body: 'late' })
  await vi.waitFor(() => expect([site.count(CREATE), site.count(CLOSE)]).toEqual([1, 1]), 2_000)
  isLate = false
  // The file server of this test knows one session a connection; it is the place that counts here.
  expect((await site.get('bob')).status).not.toBe(503)
})

test('a function for errors that fails itself ends neither the process nor the answer', async () => {
  const failed = vi.fn<(error: unknown) => void>()
  process.on('unhandledRejection', failed)
  const onError = () => {
    throw new Error('the log is full')
  }
  await using site = await startSite(() => {}, { onError, timeLimit: 300, port: 1 })
  expect(await site.get()).toMatchObject({ status: 503, body: 'Service Unavailable\n' })
  process.off('unhandledRejection', failed)
  expect(failed).not.toHaveBeenCalled()
})

test('all policies of the app stay, also where it has set several', async () => {
  const prepare = (response: ServerResponse) =>
    void response.setHeader('Content-Security-Policy', ["default-src 'self'", 'frame-ancestors https://a.test'])
  await using site = await startSite(() => {}, {}, prepare)
  const { headers } = await site.get()
  expect(headers['content-security-policy']).toBe("default-src 'self', frame-ancestors https://a.test, sandbox")
})

test('what the app lets no cache store stays so', async () => {
  const prepare = (response: ServerResponse) => void response.setHeader('Cache-Control', 'private, no-store')
  await using site = await startSite(() => {}, {}, prepare)
  expect((await site.get()).headers['cache-control']).toBe('private, no-store')
})

test('a caller who has as many answers under way as he may gets 503, and others are served', async () => {
  const told: unknown[] = []
  let arrived = 0
  let release = () => {}
  const held = new Promise<void>((resolve) => (release = resolve))
  const wait = async () => {
    arrived++
    await held
  }
  await using site = await startSite(
    () => {},
    { onError: (error) => void told.push(error) },
    () => {},
    wait,
  )
  const waiting = Array.from({ length: 125 }, () => site.get())
  await vi.waitFor(() => expect(arrived).toBe(125), 4_000)
  expect(await site.get()).toMatchObject({ status: 503, body: 'Service Unavailable\n' })
  expect(told).toMatchObject([
    { code: 'S4U_TOO_MANY_REQUESTS', message: expect.stringContaining('alice@AD.TEST has 125') },
  ])
  release()
  for (const answer of await Promise.all(waiting)) expect(answer.status).toBe(200)
  expect(await site.get()).toMatchObject({ status: 200 })
})
