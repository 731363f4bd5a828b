/**
 * `@s4u/hono` in a worker at the edge: callers sign in; what needs a KDC is refused when options
 * are checked.
 */
import { createInitiator } from '@s4u/gssapi'
import { createKdcClient } from '@s4u/kdc-client'
import { createTestRealm, type TestRealm } from '@s4u/test-kdc'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { workerdBinary } from './binaries.js'
import { bundleOfWorker, type RunningWorker, startWorker } from './worker.js'

const SERVICE = 'HTTP/web.ad.test'
const binary = workerdBinary()

/** Elsewhere npm ships no workerd, and the table of docs/runtimes.md is not compared with it. */
if (binary !== undefined) describe('workerd', () => workers(binary))
else test('workerd is not there for this platform', () => expect(binary).toBeUndefined())

function workers(workerd: string): void {
  let realm: TestRealm
  let code: string
  beforeAll(async () => {
    realm = await createTestRealm({
      realm: 'AD.TEST',
      users: { alice: { password: 'wonderland', groups: ['Sales'] }, bob: { password: 'builder' } },
      services: { web: { spns: [SERVICE] } },
    })
    code = await bundleOfWorker('edge.mjs')
  })
  afterAll(() => realm[Symbol.asyncDispose]())

  const start = (options: object): Promise<RunningWorker> =>
    startWorker(workerd, code, {
      KEYTAB: Buffer.from(realm.keytabFile(SERVICE)).toString('base64'),
      GROUP: realm.sidOf('Sales'),
      OPTIONS: JSON.stringify(options),
    })

  async function initiatorOf(user: string, password: string) {
    const credentials = { principal: `${user}@AD.TEST`, password }
    const client = createKdcClient({ realm: 'AD.TEST', kdc: realm.transport, credentials })
    return createInitiator({ ticket: await client.ticketFor(SERVICE), now: Date.now })
  }

  describe('a service', () => {
    let worker: RunningWorker
    beforeAll(async () => {
      worker = await start({ session: 'cookie' })
    })
    afterAll(() => worker.end())
    const visit = (path: string, headers: Record<string, string> = {}) => fetch(worker.origin + path, { headers })

    test('asks for a token, takes it once, and proves itself', async () => {
      const asked = await visit('/')
      expect([asked.status, asked.headers.get('www-authenticate')]).toEqual([401, 'Negotiate'])
      const initiator = await initiatorOf('alice', 'wonderland')
      const answer = await visit('/', { authorization: initiator.authorization })
      expect([answer.status, await answer.json()]).toEqual([200, { principal: 'alice@AD.TEST' }])
      const proof = /^Negotiate (\S+)$/.exec(answer.headers.get('www-authenticate') ?? '')?.[1] ?? ''
      expect(initiator.step(Buffer.from(proof, 'base64')).status).toBe('established')
      expect((await visit('/', { authorization: initiator.authorization })).status).toBe(401)
    })

    test('keeps a session in a cookie, and asks for groups', async () => {
      for (const [user, password, status] of [
        ['alice', 'wonderland', 200],
        ['bob', 'builder', 403],
      ] as const) {
        const { authorization } = await initiatorOf(user, password)
        const [cookie] = (await visit('/', { authorization })).headers.getSetCookie()
        const answer = await visit('/sales', { cookie: cookie?.split(';')[0] ?? '' })
        expect([user, answer.status]).toEqual([user, status])
      }
    })

    test('does not act as a caller, and the error says why', async () => {
      const { authorization } = await initiatorOf('alice', 'wonderland')
      const answer = await visit('/as', { authorization })
      expect([answer.status, await answer.json()]).toEqual([
        500,
        {
          code: 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM',
          message: expect.stringContaining('identities would share its connections'),
        },
      ])
    })
  })

  test.each([
    ['delegation', { delegation: {} }],
    ['kdc', { kdc: '127.0.0.1' }],
    ['directory', { directory: true }],
    ["session: 'connection'", { session: 'connection' }],
    ["channelBinding: 'require' without tlsCertificate", { channelBinding: 'require' }],
  ])('refuses at the start what a worker cannot do: %s', async (name, options) => {
    const worker = await start(options)
    try {
      const answer = await fetch(worker.origin)
      expect([answer.status, await answer.json()]).toEqual([
        500,
        {
          name: 'ConfigurationError',
          code: 'ERR_FEATURE_UNAVAILABLE_ON_PLATFORM',
          message: expect.stringContaining(`${name} is not possible on workerd: `),
        },
      ])
    } finally {
      await worker.end()
    }
  })
}
