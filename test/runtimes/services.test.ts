/**
 * A site that calls its backend as the caller, on each runtime and in each way that it serves, from
 * the packed packages. The backend is a Node of its own, over https, and wants channel bindings.
 */
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { runtimeBinaries, type RuntimeBinary } from './binaries.js'
import { type RunningProgram, start } from './program.js'
import type { BackendAnswer } from './backend.js'
import { type RuntimeSite, runtimeSite } from './site.js'
import { Visitor } from './visitor.js'

let site: RuntimeSite
beforeAll(async () => {
  site = await runtimeSite()
})
afterAll(() => site[Symbol.asyncDispose]())

const waysOf = ({ kind }: RuntimeBinary): readonly string[] =>
  kind === 'Node' ? ['node:http', 'node:https'] : ['node:http', 'node:https', 'serve', 'serve-tls']

const services = runtimeBinaries().flatMap((runtime) =>
  waysOf(runtime).map((way) => [runtime.name, way, runtime] as const),
)

describe.each(services)('%s, %s', (_name, way, runtime) => {
  let program: RunningProgram
  let visitor: Visitor

  beforeAll(async () => {
    const words = ['programs/service.mjs', site.settingsFile, way]
    program = start(runtime, site, words, inject('runtimesProject'))
    const isTls = way === 'node:https' || way === 'serve-tls'
    visitor = new Visitor(site, isTls, Number(await program.said('listening')))
  })
  afterAll(() => program.end())

  const json = ({ body }: { readonly body: string }) => JSON.parse(body)

  test('asks an unknown caller for a token', async () => {
    const answer = await visitor.ask('/whoami')
    expect([answer.status, answer.headers['www-authenticate']]).toEqual([401, 'Negotiate'])
  })

  test('knows a caller by a token, and proves itself', async () => {
    const answer = await visitor.ask('/whoami', { as: 'alice' })
    expect([answer.status, json(answer)]).toEqual([200, { principal: 'alice@AD.TEST' }])
    expect(answer.headers['www-authenticate']).toMatch(/^Negotiate ./)
  })

  test('takes a token once', async () => {
    const authorization = await visitor.authorizationOf('alice')
    const statuses = [await visitor.ask('/whoami', { headers: { authorization } })]
    statuses.push(await visitor.ask('/whoami', { headers: { authorization } }))
    expect(statuses.map(({ status }) => status)).toEqual([200, 401])
  })

  test('lets an unknown caller in where a route says so', async () => {
    expect(json(await visitor.ask('/open'))).toEqual({ principal: null })
    expect(json(await visitor.ask('/open', { as: 'bob' }))).toEqual({ principal: 'bob@AD.TEST' })
  })

  test('keeps a caller by a cookie', async () => {
    const { headers } = await visitor.ask('/whoami', { as: 'alice' })
    const cookie = (headers['set-cookie'] ?? []).map((line) => line.split(';')[0]).join('; ')
    expect(json(await visitor.ask('/whoami', { headers: { cookie } }))).toEqual({ principal: 'alice@AD.TEST' })
  })

  test('lets members of a group pass', async () => {
    const answers = [await visitor.ask('/group', { as: 'alice' }), await visitor.ask('/group', { as: 'bob' })]
    expect(answers.map(({ status }) => status)).toEqual([200, 403])
  })

  test('refuses what a page of another site sends', async () => {
    const headers = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }
    expect((await visitor.ask('/whoami', { as: 'alice', method: 'POST', headers })).status).toBe(403)
  })

  test('answers HEAD without a body', async () => {
    const answer = await visitor.ask('/open', { as: 'alice', method: 'HEAD' })
    expect([answer.status, answer.body]).toEqual([200, ''])
    expect(answer.headers['www-authenticate']).toMatch(/^Negotiate ./)
  })

  test('sends a body as it comes', async () => {
    expect((await visitor.ask('/stream', { as: 'alice' })).body).toBe('part 2\npart 1\npart 0\n')
  })

  test('says nothing of a fault to the caller', async () => {
    const answer = await visitor.ask('/fault', { as: 'alice' })
    expect([answer.status, answer.body]).toEqual([500, 'fault'])
  })

  test('calls its backend as the caller, over https, with a body and its length', async () => {
    const answer = json(await visitor.ask('/orders', { as: 'alice' }))
    expect(answer).toMatchObject({ status: 200, principal: 'alice@AD.TEST', method: 'GET' })
    const headers = { 'content-type': 'text/plain' }
    const posted = json(await visitor.ask('/orders', { as: 'bob', method: 'POST', body: 'two pens', headers }))
    expect(posted).toMatchObject({ principal: 'bob@AD.TEST', method: 'POST', body: 'two pens', length: '8' })
  })

  test('runs a handler as the caller, and keeps callers apart there', async () => {
    const answers = await Promise.all(['alice', 'bob', 'alice', 'bob'].map((as) => visitor.ask('/ambient', { as })))
    expect(answers.map((answer) => json(answer).principal)).toEqual([
      ...['alice@AD.TEST', 'bob@AD.TEST', 'alice@AD.TEST', 'bob@AD.TEST'],
    ])
  })

  test('never sends one user on a connection of the other, and keeps the connections of each', async () => {
    const connections = new Map<string, Set<number>>()
    for (let round = 0; round < 6; round++) {
      const users = ['alice', 'bob', 'alice', 'bob']
      const answers = await Promise.all(users.map((as) => visitor.ask('/orders', { as })))
      answers.forEach((answer, at) => {
        const { principal, firstPrincipal, connection }: BackendAnswer = json(answer)
        expect([principal, firstPrincipal]).toEqual([`${users[at]}@AD.TEST`, `${users[at]}@AD.TEST`])
        connections.set(principal, (connections.get(principal) ?? new Set()).add(connection))
      })
    }
    const [ofAlice, ofBob] = ['alice@AD.TEST', 'bob@AD.TEST'].map((user) => [...(connections.get(user) ?? [])])
    expect(ofAlice.filter((connection) => ofBob.includes(connection))).toEqual([])
    // Twelve requests each: they are few connections, and not one for each request.
    expect(Math.max(ofAlice.length, ofBob.length)).toBeLessThan(12)
  })

  test('opens a WebSocket for a known caller alone, with the proof, and none for a page of another site', async () => {
    const open = await visitor.shake('/socket', { as: 'alice' })
    expect([open.status, open.body]).toEqual([101, 'alice@AD.TEST'])
    expect(open.headers['www-authenticate']).toMatch(/^Negotiate ./)
    expect((await visitor.shake('/socket')).status).toBe(401)
    const headers = { origin: 'https://evil.example' }
    expect((await visitor.shake('/socket', { as: 'alice', headers })).status).toBe(403)
  })

  test('has no fault of its own on the way', () => {
    expect(program.complaints()).not.toMatch(/uncaught|unhandled|deprecat|not a function|not implemented/i)
  })
})
