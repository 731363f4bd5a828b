import { negotiate } from '@s4u/express'
import type { TestRealm } from '@s4u/test-kdc'
import express from 'express'
import { WebSocket } from 'ws'
import { once } from 'node:events'
import type { Server } from 'node:http'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { corporation, Desktop, PASSWORD } from '../fixtures/corporation.js'
import { fetchAs, Guide } from './guide.js'

/** docs/live-connections.md: its programs, asked by users. */
const guide = new Guide('live-connections')
let realm: TestRealm
let backend: Server

beforeAll(async () => {
  realm = await corporation()
  await realm.listen()
  guide.settle(realm, 'web')
  const api = express().use(negotiate({ keytab: realm.keytabFor('api') }))
  api.use((req, res) => void res.type('text').send(`orders of ${req.identity.principal}`))
  backend = api.listen(0, '127.0.0.1')
  await once(backend, 'listening')
})
afterAll(async () => {
  guide.close()
  backend.close()
  await realm[Symbol.asyncDispose]()
})

test('a stream of events knows its caller, wants a ticket, and ends with the session', async () => {
  const url = await guide.serve('events.mjs', { EVERY: '50' })
  expect((await fetch(`${url}events`)).status).toBe(401)
  const first = await fetchAs(realm, 'alice', PASSWORD)(url)
  const [cookie] = first.headers.getSetCookie().map((line) => line.split(';')[0])
  const stream = await fetch(`${url}events`, { headers: { cookie } })
  expect(stream.headers.get('content-type')).toContain('text/event-stream')
  const text = stream.text()
  expect((await fetch(`${url}sign-out`, { method: 'POST', headers: { cookie } })).status).toBe(204)
  expect(await text).toMatch(/^(?:data: \{"for":"alice@AD\.TEST"\}\n\n)+$/)
  expect((await fetch(`${url}events`, { headers: { cookie } })).status).toBe(401)
})

test('a stream that a ticket has asked for ends with the session that its answer has begun', async () => {
  const url = await guide.serve('events.mjs', { EVERY: '50' })
  const stream = await fetchAs(realm, 'alice', PASSWORD)(`${url}events`)
  const [cookie] = stream.headers.getSetCookie().map((line) => line.split(';')[0])
  const text = stream.text()
  expect((await fetch(`${url}sign-out`, { method: 'POST', headers: { cookie } })).status).toBe(204)
  expect(await text).toMatch(/^(?:data: \{"for":"alice@AD\.TEST"\}\n\n)+$/)
})

/** A WebSocket that was opened, and what it was sent first. */
async function openSocket(url: string, headers: Readonly<Record<string, string>>) {
  const socket = new WebSocket(url.replace('http', 'ws'), { headers })
  const closed = new Promise((resolve) => socket.once('close', (code, reason) => resolve(`${code} ${reason}`)))
  const [[{ headers: answered }], [greeting]] = await Promise.all([once(socket, 'upgrade'), once(socket, 'message')])
  const [cookie] = ([answered['set-cookie'] ?? []].flat() as string[]).map((line) => line.split(';')[0])
  return { socket, cookie, greeting: String(greeting), closed }
}

test('a WebSocket knows its user, opened by a ticket or by a cookie, and is closed at the sign-out of its session alone', async () => {
  const url = await guide.serve('sockets.mjs', { EVERY: '50' })
  const desktop = new Desktop(realm, 'alice')
  const byTicket = await openSocket(url, { authorization: await desktop.authorization() })
  const other = await openSocket(url, { authorization: await desktop.authorization() })
  const byCookie = await openSocket(url, { cookie: byTicket.cookie })
  expect([byTicket.greeting, byCookie.greeting, byCookie.cookie]).toEqual(['Hello alice', 'Hello alice', undefined])
  const headers = { cookie: byTicket.cookie }
  expect((await fetch(`${url}sign-out`, { method: 'POST', headers })).status).toBe(204)
  expect(await Promise.all([byTicket.closed, byCookie.closed])).toEqual(['1008 signed out', '1008 signed out'])
  other.socket.send('here')
  expect(String((await once(other.socket, 'message'))[0])).toBe('alice said here')
  other.socket.close()
  await other.closed
  await expect(openSocket(url, headers)).rejects.toThrow('Unexpected server response: 401')
  const evil = { cookie: other.cookie, origin: 'https://evil.test' }
  await expect(openSocket(url, evil)).rejects.toThrow('Unexpected server response: 403')
})

test('a query knows its caller and asks a backend in that name, and tells nothing of why it may not', async () => {
  const address = backend.address()
  const host = typeof address === 'object' ? `127.0.0.1:${address?.port}` : ''
  const url = await guide.serve('graphql.mjs', { HOSTS: JSON.stringify({ 'api.ad.test': host }) })
  const ask = async (user: string): Promise<unknown> => {
    const answer = await fetchAs(
      realm,
      user,
      PASSWORD,
    )(`${url}graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: '{ me orders }' }),
    })
    return answer.json()
  }
  expect(await ask('alice')).toEqual({ data: { me: 'alice@AD.TEST', orders: 'orders of alice@AD.TEST' } })
  expect(await ask('carol')).toMatchObject({
    data: null,
    errors: [{ message: 'This cannot be done in your name.', extensions: { code: 'FORBIDDEN' } }],
  })
  expect((await fetch(`${url}graphql`, { method: 'POST' })).status).toBe(401)
})
