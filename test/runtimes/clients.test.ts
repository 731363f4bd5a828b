/** The fetch of s4u, from the packed packages, on each runtime. */
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import type { BackendAnswer } from './backend.js'
import { runtimeBinaries } from './binaries.js'
import { type RunningProgram, start } from './program.js'
import { type RuntimeSite, runtimeSite } from './site.js'

let site: RuntimeSite
beforeAll(async () => {
  site = await runtimeSite()
})
afterAll(() => site[Symbol.asyncDispose]())

describe.each(runtimeBinaries().map((runtime) => [runtime.name, runtime] as const))('%s', (_name, runtime) => {
  let program: RunningProgram
  beforeAll(() => {
    program = start(runtime, site, ['programs/client.mjs', site.settingsFile], inject('runtimesProject'))
  })
  afterAll(() => program.end())

  const resultOf = async (check: string) => JSON.parse(await program.said(`${check}:`))

  const alice = { status: 200, principal: 'alice@AD.TEST', shown: null }
  const bob = { ...alice, principal: 'bob@AD.TEST' }

  test.each([
    ['its own authority', 'believes the authority that `tls.ca` names', alice],
    ['a client certificate', 'shows a client certificate', { ...alice, shown: 'web client' }],
    ['learned', 'learns which origins ask', bob],
    ['a text', 'sends a text with its length', { ...alice, method: 'POST', body: 'two pens', length: '8' }],
    ['a text, asked first', 'sends a text again when it is asked', { ...alice, body: 'two pens', length: '8' }],
    ['a stream', 'sends a stream', { ...alice, body: 'two pens', length: null }],
    ['a Request', 'sends a Request', { ...alice, method: 'PUT', body: 'two pens' }],
    ['a redirect', 'follows a redirect', { ...alice, redirected: true, url: '/orders' }],
    ['an interceptor', 'is an interceptor too', alice],
    ['an interceptor, asked first', 'is an interceptor that is asked first', bob],
  ])('%s: %s', async (check, _sentence, expected) => {
    expect(await resultOf(check)).toMatchObject(expected)
  })

  test('an unknown authority is not believed', async () => {
    expect(await resultOf('an unknown authority')).toMatchObject({ error: 'TypeError', message: 'fetch failed' })
  })

  test('a token follows a challenge on the same connection', async () => {
    const [first, second] = await resultOf('asked first')
    expect([first, second]).toMatchObject([alice, { ...alice, connection: first.connection }])
  })

  test('answers with a Response of the platform', async () => {
    expect(await resultOf('a Response')).toBe(true)
  })

  test.each([
    ['two users', '1.1'],
    ['two users over HTTP/2', '2.0'],
    ['two users by a proxy', '1.1'],
  ])('%s never share a connection, and keep theirs', async (check, version) => {
    const seen: BackendAnswer[][] = await resultOf(check)
    const ofUsers = seen.map((answers, at) => {
      const principal = ['alice@AD.TEST', 'bob@AD.TEST'][at]
      for (const answer of answers) expect(answer).toMatchObject({ principal, firstPrincipal: principal, version })
      return [...new Set(answers.map(({ connection }) => connection))]
    })
    expect(ofUsers[0].filter((connection) => ofUsers[1].includes(connection))).toEqual([])
    // Five requests each. A request that begins in the turn in which the last one ends may open
    // another connection.
    expect(Math.max(...ofUsers.map((connections) => connections.length))).toBeLessThan(5)
  })

  test('two users of one dispatcher never share a connection', async () => {
    const seen: BackendAnswer[][] = await resultOf('two users with a dispatcher of their own')
    for (const { principal, firstPrincipal } of seen.flat()) expect(firstPrincipal).toBe(principal)
    expect(seen.map((answers) => new Set(answers.map(({ principal }) => principal)).size)).toEqual([1, 1])
  })

  test('a signal ends a request, and a limit too', async () => {
    expect(await resultOf('an abort')).toMatchObject({ error: expect.stringMatching(/^(DOM|Timeout)/) })
    expect(await resultOf('a slow backend')).toMatchObject({ isOurs: true, code: 'ETIMEDOUT' })
  })

  test('the global fetch is refused at once where it shares connections', async () => {
    const refused = {
      error: 'ConfigurationError',
      code: 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM',
      message: expect.stringContaining(`fetch: globalThis.fetch is not possible on ${runtime.kind}`),
    }
    expect(await resultOf('the global fetch')).toMatchObject(runtime.kind === 'Node' ? { error: null } : refused)
  })
})
