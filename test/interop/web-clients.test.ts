import { negotiate } from '@s4u/koa'
import type { NegotiatorOptions } from '@s4u/negotiate'
import { createTestRealm, type TestRealm } from '@s4u/test-kdc'
import Koa from 'koa'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createSecureServer } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { run, runOk } from '../realms/clients.js'
import { describeRealms } from '../realms/suite.js'
import { selfSigned } from '../stories/fixtures/certificate.js'

/**
 * Chromium and curl over TLS and HTTP/2, with a ticket that MIT's kinit got from the embedded
 * realm.
 */
await describeRealms('browsers and curl over HTTP/2 and in sessions', ['chromium', 'mit-clients'], () => {
  const folder = mkdtempSync(join(tmpdir(), 's4u-web-'))
  const kerberos = { KRB5_CONFIG: join(folder, 'krb5.conf'), KRB5CCNAME: `FILE:${join(folder, 'ccache')}` }
  const certificate = selfSigned('web.ad.test')
  const closing: (() => Promise<unknown>)[] = []
  let realm: TestRealm

  beforeAll(async () => {
    realm = await createTestRealm({
      realm: 'AD.TEST',
      users: { alice: { password: 'wonderland' } },
      services: { web: { spns: ['HTTP/web.ad.test'] } },
    })
    await realm.listen()
    writeFileSync(kerberos.KRB5_CONFIG, realm.krb5Conf())
    await runOk('kinit', ['alice@AD.TEST'], { environment: kerberos, input: 'wonderland\n' })
  })
  afterAll(async () => {
    for (const close of closing) await close()
    await realm[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true, force: true })
  })

  test.each([
    ['a 401', '401'],
    ['HTTP_1_1_REQUIRED', 'http-1.1-required'],
  ] as const)('Chromium, given %s over HTTP/2, signs in over HTTP/1.1', async (_what, http2Challenge) => {
    const { url, versions } = await open({ http2Challenge })
    const [answer] = await browse(http2Challenge, [url])
    expect(JSON.parse(answer)).toEqual({ principal: 'alice@AD.TEST', by: 'token', version: '1.1' })
    expect(versions[0]).toBe('2.0')
  })

  test('Chromium keeps a cookie session, and sends no ticket again', async () => {
    const { url } = await open({ session: 'cookie' })
    const answers = await browse('cookie', [url, `${url}again`])
    expect(answers.map((answer) => JSON.parse(answer))).toEqual([
      expect.objectContaining({ principal: 'alice@AD.TEST', by: 'token' }),
      expect.objectContaining({ principal: 'alice@AD.TEST', by: 'session' }),
    ])
  })

  test('curl sends a token over HTTP/2 and is known at once', async () => {
    const { url, versions } = await open()
    const { stdout } = await curl(url, ['--http2'])
    expect(JSON.parse(stdout)).toEqual({ principal: 'alice@AD.TEST', by: 'token', version: '2.0' })
    expect(versions).toEqual(['2.0'])
  })

  test('curl sends one token on a connection that is bound, and one each on others', async () => {
    const bound = await open({ session: 'connection' })
    const { stdout } = await curl(bound.url, ['--http1.1', bound.url])
    expect(stdout.match(/"by":"\w+"/g)).toEqual(['"by":"token"', '"by":"connection"'])
    const free = await open()
    const each = await curl(free.url, ['--http1.1', free.url])
    expect(each.stdout.match(/"by":"\w+"/g)).toEqual(['"by":"token"', '"by":"token"'])
  })

  test('curl comes back with its cookie in place of a token', async () => {
    const { url } = await open({ session: { kind: 'cookie', keys: ['0123456789abcdef0123456789abcdef'] } })
    const jar = join(folder, 'jar')
    expect(JSON.parse((await curl(url, ['-c', jar])).stdout)).toMatchObject({ by: 'token' })
    const { stdout } = await run('curl', ['-sk', '-b', jar, ...resolve(url), url])
    expect(JSON.parse(stdout)).toMatchObject({ principal: 'alice@AD.TEST', by: 'session' })
  })

  test.each([
    ['off', 200],
    ['allow', 200],
    ['require', 401],
  ] as const)(
    'curl, which binds no channel, is answered under channelBinding %s with %i',
    async (channelBinding, status) => {
      const { url } = await open({ channelBinding })
      const { stdout } = await curl(url, ['-o', '/dev/null', '-w', '%{http_code}'])
      expect(stdout).toBe(String(status))
    },
  )

  async function open(options: NegotiatorOptions = {}): Promise<{ url: string; versions: string[] }> {
    const app = new Koa()
    const versions: string[] = []
    const by = new WeakMap<object, string>()
    app.use(async (ctx, next) => {
      versions.push(ctx.req.httpVersion)
      await next()
    })
    const onAuthenticated: NegotiatorOptions['onAuthenticated'] = (event) => void by.set(event.request, event.by)
    app.use(negotiate({ keytab: realm.keytabFor('web'), onAuthenticated, ...options }))
    app.use((ctx) => {
      ctx.body = { principal: ctx.identity.principal, by: by.get(ctx.req), version: ctx.req.httpVersion }
    })
    const { key, cert } = certificate
    const server = createSecureServer({ key, cert, allowHTTP1: true }, app.callback()).listen(0, '127.0.0.1')
    // An HTTP/2 server has no option for its HTTP/1 connections.
    Object.assign(server, { maxHeaderSize: 65_536 })
    await once(server, 'listening')
    closing.push(async () => server.close())
    return { url: `https://web.ad.test:${(server.address() as AddressInfo).port}/`, versions }
  }

  function curl(url: string, args: readonly string[]) {
    const all = ['-sk', '--negotiate', '-u', ':', ...resolve(url), ...args, url]
    return run('curl', all, { environment: kerberos })
  }

  async function browse(name: string, urls: readonly string[]): Promise<string[]> {
    const profile = join(folder, name)
    mkdirSync(profile)
    // A fresh profile loads no GSS-API library before it has seen Negotiate once; and under a host
    // rule it would ask for a ticket to the address.
    const state = {
      net: { received_http_auth_negotiate_headers: true },
      auth: { disable_negotiate_cname_lookup: true },
    }
    writeFileSync(join(profile, 'Local State'), JSON.stringify(state))
    const context = await chromium.launchPersistentContext(profile, {
      executablePath: '/usr/bin/chromium',
      ignoreHTTPSErrors: true,
      env: { ...process.env, ...kerberos } as Record<string, string>,
      args: [...FLAGS, '--auth-server-allowlist=*.ad.test', '--host-resolver-rules=MAP web.ad.test 127.0.0.1'],
    })
    try {
      const page = await context.newPage()
      const answers: string[] = []
      for (const url of urls) {
        await page.goto(url)
        answers.push((await page.textContent('body')) ?? '')
      }
      return answers
    } finally {
      await context.close()
    }
  }
})

function resolve(url: string): string[] {
  return ['--resolve', `web.ad.test:${new URL(url).port}:127.0.0.1`]
}

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]
