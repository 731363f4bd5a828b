import { negotiate } from '@s4u/express'
import type { TestRealm } from '@s4u/test-kdc'
import express from 'express'
import { once } from 'node:events'
import type { Server } from 'node:http'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { corporation, PASSWORD } from '../fixtures/corporation.js'
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
