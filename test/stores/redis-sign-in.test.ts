/** Codes and digests that instances share by Redis are taken once, also when Redis forgets. */

import { createHash } from 'node:crypto'
import type { RequestListener } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { negotiate } from '@s4u/express'
import { redisReplayStore } from '@s4u/redis'
import { digest, passcode } from '@s4u/sign-in'
import { createTestRealm, type TestRealm } from '@s4u/test-kdc'
import express from 'express'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeRealms } from '../realms/suite.js'
import { type TlsSite, tlsSite } from '../stories/fixtures/tls-site.js'
import { type OpenClient, openClient } from './redis-clients.js'
import { type RedisProcess, startRedis } from './redis-servers.js'

const USED_FOR = 2_000
const SECRET = 'looking-glass'
const hashed = (text: string): string => createHash('sha256').update(text).digest('hex')

await describeRealms('what was used, on Redis', ['redis'], (info) => {
  let server: RedisProcess
  let client: OpenClient
  let realm: TestRealm
  let sites: TlsSite[]

  beforeAll(async () => {
    server = await startRedis({ host: `${info.block}.71`, port: 6379 })
    client = await openClient('redis', server)
    realm = await createTestRealm({
      realm: 'AD.TEST',
      users: { alice: { password: 'wonderland' } },
      services: { web: { spns: ['HTTP/web.ad.test'] } },
    })
    sites = await Promise.all([tlsSite(instance()), tlsSite(instance())])
    // What was used before a server started is not known to it. It tells whole seconds.
    await sleep(USED_FOR + 1_000)
  })
  afterAll(async () => {
    for (const one of sites) await one[Symbol.asyncDispose]()
    await realm[Symbol.asyncDispose]()
    await client[Symbol.asyncDispose]()
    await server[Symbol.asyncDispose]()
  })

  function instance(): RequestListener {
    const replayStore = redisReplayStore(client.client)
    const app = express()
    app.use(
      negotiate({
        keytab: realm.keytabFor('web'),
        kdc: realm.transport,
        delegation: { principal: 'web', protocolTransition: true },
        session: { kind: 'cookie', keys: ['k'.repeat(32)] },
        signIn: [
          digest({ realm: 'orders', secretFor: () => ({ password: SECRET }), replayStore }),
          passcode({ verify: ({ code }) => code.startsWith('code'), usedFor: USED_FOR, replayStore }),
        ],
        signInOptions: { attempts: { pace: 0, perUser: 100 } },
      }),
    )
    app.use((req, res) => void res.send(req.identity.principal))
    return app
  }

  const nonceOf = (challenge: string | undefined): string => /Digest .*nonce="([^"]+)"/.exec(challenge ?? '')?.[1] ?? ''
  const withDigest = (site: TlsSite, nonce: string, nc = '00000001') => {
    const proof = [hashed(`alice:orders:${SECRET}`), nonce, nc, 'c', 'auth', hashed('GET:/')].join(':')
    const authorization = `Digest username="alice", realm="orders", nonce="${nonce}", uri="/", algorithm=SHA-256, response="${hashed(proof)}", qop=auth, nc=${nc}, cnonce="c"`
    return site.ask('/', { headers: { authorization } })
  }
  async function withCode(site: TlsSite, code: string): Promise<number> {
    const browser = site.browser()
    return (await browser.submit(await browser.get('/.s4u/passcode'), { user: 'alice', code })).status
  }

  test('a count of a nonce, and a code, are taken by one instance alone', async () => {
    const nonce = nonceOf((await sites[0].ask('/')).headers['www-authenticate'])
    const answers = [await withDigest(sites[1], nonce), await withDigest(sites[0], nonce)]
    expect(answers.map(({ status }) => status)).toEqual([200, 401])
    expect((await withDigest(sites[0], nonce, '00000002')).status).toBe(200)
    expect([await withCode(sites[0], 'code-1'), await withCode(sites[1], 'code-1')]).toEqual([303, 403])
  })

  test('after Redis has forgotten, older nonces are stale, and codes wait until no older one is good', async () => {
    const before = nonceOf((await sites[0].ask('/')).headers['www-authenticate'])
    expect(await withCode(sites[0], 'code-2')).toBe(303)
    await server.kill()
    await server.restart()
    await expect.poll(async () => (await withDigest(sites[0], before)).status, { timeout: 10_000 }).toBe(401)
    const stale = await withDigest(sites[0], before)
    expect(stale.headers['www-authenticate']).toContain('stale=true')
    // Each instance notices by itself.
    let last = stale
    await expect
      .poll(
        async () => {
          last = await withDigest(sites[1], nonceOf(last.headers['www-authenticate']))
          return last.status
        },
        { timeout: 10_000 },
      )
      .toBe(200)
    expect(await withCode(sites[1], 'code-2')).toBe(503)
    await sleep(USED_FOR + 1_000)
    expect(await withCode(sites[1], 'code-3')).toBe(303)
  })
})
