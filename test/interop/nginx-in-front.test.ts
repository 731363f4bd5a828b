import { negotiate } from '@s4u/koa'
import { createTestRealm, type TestRealm } from '@s4u/test-kdc'
import Koa from 'koa'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { get } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { run, runOk } from '../realms/clients.js'
import { describeRealms } from '../realms/suite.js'
import { selfSigned } from '../stories/fixtures/certificate.js'
import { runNginx } from './peers/nginx.js'

/**
 * Debian's nginx with the lines of docs/nginx.md, in front of an app with cookie sessions; curl
 * with tickets of kinit.
 */

const page = readFileSync(new URL('../../docs/nginx.md', import.meta.url), 'utf8')
const [SERVER = '', MAP = ''] = [...page.matchAll(/^```nginx\n([\s\S]*?)^```$/gm)].map(([, block]) => block)
const WITHOUT_REQUEST_SIZE = SERVER.replace(/^ *large_client_header_buffers .*$/m, '')
const WITHOUT_ANSWER_SIZE = SERVER.replace(/^ *proxy_buffer(?:_size|s) .*$/gm, '')

await describeRealms('an app behind nginx', ['nginx', 'mit-clients'], (info) => {
  const folder = mkdtempSync(join(tmpdir(), 's4u-front-'))
  const environment = { KRB5_CONFIG: join(folder, 'krb5.conf'), KRB5CCNAME: `FILE:${join(folder, 'ccache')}` }
  const certificate = selfSigned('web.ad.test')
  const host = `${info.block}.62`
  let realm: TestRealm
  let app: Server
  let upstream: string

  beforeAll(async () => {
    const groups = (count: number): string[] =>
      Array.from({ length: count }, (_, index) => `S-1-5-21-7-8-9-${5000 + index}`)
    realm = await createTestRealm({
      realm: 'AD.TEST',
      users: {
        alice: { password: 'wonderland' },
        many: { password: 'wonderland', groups: groups(180) },
        most: { password: 'wonderland', groups: groups(400) },
      },
      services: { web: { spns: ['HTTP/web.ad.test'] } },
    })
    await realm.listen()
    writeFileSync(environment.KRB5_CONFIG, realm.krb5Conf())
    app = createServer({ maxHeaderSize: 65_536 }, service().callback()).listen(0, '127.0.0.1')
    await once(app, 'listening')
    const { port } = app.address() as AddressInfo
    upstream = `http://127.0.0.1:${port}`
  })
  afterAll(async () => {
    app?.close()
    await realm?.[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true, force: true })
  })

  test.each(['alice', 'many'])('%s comes through, and comes back with the session', async (user) => {
    await using front = await startFront(SERVER)
    await kinit(user)
    const jar = join(folder, `jar-${user}`)
    expect(await curl(front.url, ['--negotiate', '-u', ':', '-c', jar])).toBe(`200 ${user} token https`)
    expect(await comeBack(jar)).toBe(`200 ${user} session https`)
    expect(front.errorLog()).not.toMatch(/\[(?:error|crit|emerg)\]/)
  })

  test('a user in 400 groups comes through each time, since no session can hold the ticket', async () => {
    await using front = await startFront(SERVER)
    await kinit('most')
    for (const _ of [1, 2]) {
      expect(await curl(front.url, ['--negotiate', '-u', ':'])).toBe('200 most token https')
    }
  })

  test('the token of a user in many groups comes through over HTTP/2 too', async () => {
    await using front = await startFront(SERVER.replace(' ssl;', ' ssl http2;'))
    await kinit('most')
    expect(await curl(front.url, ['--http2', '--negotiate', '-u', ':'])).toBe('200 most token https')
  })

  test('without the size for requests nginx answers 400 for a user in many groups, as the page says', async () => {
    await using front = await startFront(WITHOUT_REQUEST_SIZE)
    await kinit('most')
    expect(await curl(front.url, ['--negotiate', '-u', ':'])).toMatch(/^400 [\s\S]*Request Header Or Cookie Too Large/)
  })

  test('without the sizes for answers nginx answers 502 for a user in 180 groups, as the page says', async () => {
    await using front = await startFront(WITHOUT_ANSWER_SIZE)
    await kinit('alice')
    expect(await curl(front.url, ['--negotiate', '-u', ':'])).toBe('200 alice token https')
    await kinit('many')
    expect(await curl(front.url, ['--negotiate', '-u', ':'])).toMatch(/^502 /)
    expect(front.errorLog()).toContain('upstream sent too big header')
  })

  async function startFront(server: string): Promise<{ url: string; errorLog(): string } & AsyncDisposable> {
    const http = (home: string): string => {
      writeFileSync(join(home, 'web.crt'), certificate.cert)
      writeFileSync(join(home, 'web.key'), certificate.key)
      const here = server
        .replace('listen 443', `listen ${host}:8443`)
        .replaceAll('/etc/nginx/', `${home}/`)
        .replace('http://127.0.0.1:3000', upstream)
      return `${MAP}\n${here}`
    }
    const { errorLog, stop } = await runNginx(http, { host, port: 8443 })
    return { url: 'https://web.ad.test:8443/', errorLog, [Symbol.asyncDispose]: stop }
  }

  /**
   * With all cookies of a jar of curl's, as a browser does; curl itself sends 8 KB of them at most.
   */
  async function comeBack(jar: string): Promise<string> {
    const lines = readFileSync(jar, 'utf8')
      .split('\n')
      .map((line) => line.replace('#HttpOnly_', '').split('\t'))
    const cookie = lines
      .filter((fields) => fields.length === 7)
      .map((fields) => `${fields[5]}=${fields[6]}`)
      .join('; ')
    const options = { host, port: 8443, headers: { host: 'web.ad.test', cookie }, rejectUnauthorized: false }
    const [response] = (await once(get(options), 'response')) as [IncomingMessage]
    return `${response.statusCode} ${Buffer.concat(await response.toArray()).toString()}`
  }

  async function kinit(user: string): Promise<void> {
    await runOk('kinit', [`${user}@AD.TEST`], { environment, input: 'wonderland\n' })
  }

  async function curl(url: string, args: readonly string[]): Promise<string> {
    const resolve = ['--resolve', `web.ad.test:8443:${host}`]
    const { stdout } = await run('curl', ['-sk', ...resolve, '-w', '\n%{http_code}', ...args, url], { environment })
    const [, body = '', status] = /^([\s\S]*)\n(\d+)$/.exec(stdout) ?? []
    return `${status} ${body}`
  }

  function service(): Koa {
    const koa = new Koa({ proxy: true })
    koa.use(negotiate({ keytab: realm.keytabFor('web'), session: 'cookie' }))
    koa.use((ctx) => {
      const by = ctx.headers.authorization === undefined ? 'session' : 'token'
      ctx.body = `${ctx.identity.name} ${by} ${ctx.protocol}`
    })
    return koa
  }
})
