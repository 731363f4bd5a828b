import { createGateway, type Gateway } from '@s4u/gateway'
import { createTestRealm, type TestRealm } from '@s4u/test-kdc'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { run, runOk } from '../../realms/clients.js'
import { describeRealms } from '../../realms/suite.js'
import { selfSigned } from '../../stories/fixtures/certificate.js'
import { type Apache, startApache } from '../peers/apache.js'
import type { Front } from '../peers/front.js'
import { fronts, PORT } from './fronts.js'

/**
 * Debian's nginx, Caddy and HAProxy with the lines of docs/gateway.md, in front of Apache with
 * mod_auth_gssapi; each asks the gateway for every request.
 */
for (const front of fronts)
  await describeRealms(`${front.name} asks the gateway`, [front.name, 'apache', 'mit-clients'], (info) => {
    const folder = mkdtempSync(join(tmpdir(), 's4u-forward-auth-'))
    const [host, inner, own, stranger] = [72, 73, 74, 75].map((number) => `${info.block}.${number}`)
    const environment = { KRB5_CONFIG: join(folder, 'krb5.conf'), KRB5CCNAME: `FILE:${join(folder, 'ccache')}` }
    const url = `https://orders.example.com:${PORT}`
    let realm: TestRealm
    let apache: Apache
    let echo: Server
    let gateway: Gateway
    let proxy: Front

    beforeAll(async () => {
      const groups = Array.from({ length: 400 }, (_, index) => `S-1-5-21-7-8-9-${5000 + index}`)
      realm = await createTestRealm({
        realm: 'AD.TEST',
        users: {
          alice: { password: 'wonderland' },
          bob: { password: 'builder' },
          carol: { password: 'secret', sensitive: true },
          most: { password: 'wonderland', groups },
        },
        services: {
          gateway: { spns: ['HTTP/orders.example.com'], allowedToDelegateTo: ['HTTP/orders.ad.test'] },
          orders: { spns: ['HTTP/orders.ad.test'] },
        },
      })
      await realm.listen()
      writeFileSync(environment.KRB5_CONFIG, realm.krb5Conf())
      writeFileSync(join(folder, 'orders.keytab'), realm.keytabFor('HTTP/orders.ad.test').encode())
      writeFileSync(join(folder, 'gateway.keytab'), realm.keytabFor('gateway').encode())
      apache = await startApache({
        address: inner,
        keytab: join(folder, 'orders.keytab'),
        krb5Config: environment.KRB5_CONFIG,
      })
      echo = createServer({ maxHeaderSize: 131_072 }, (request, response) => {
        response.end(JSON.stringify({ url: request.url, headers: request.rawHeaders }))
      }).listen(8081, inner)
      await once(echo, 'listening')
      gateway = createGateway({
        kerberos: {
          keytab: join(folder, 'gateway.keytab'),
          principal: 'gateway',
          krb5Config: environment.KRB5_CONFIG,
        },
        session: { keys: ['of all instances of this gateway, 32 characters'] },
        listeners: { address: `${own}:9100`, plain: true, proxies: [host, '127.0.0.1'], limits: { headers: '192KB' } },
        forwardAuth: { from: [host, '127.0.0.1'], convention: front.convention },
        sites: {
          hosts: 'orders.example.com',
          to: 'http://orders.ad.test',
          access: [{ paths: '/closed', allow: 'nobody' }],
        },
      } as never)
      await gateway.listen()
      await inFrontOf(8080)
    })
    afterAll(async () => {
      await proxy?.stop()
      await gateway?.stop()
      echo?.close()
      await apache?.[Symbol.asyncDispose]()
      await realm?.[Symbol.asyncDispose]()
      rmSync(folder, { recursive: true, force: true })
    })

    async function inFrontOf(port: 8080 | 8081): Promise<void> {
      await proxy?.stop()
      const certificate = selfSigned('orders.example.com')
      proxy = await front.start({ host, certificate, gateway: `${own}:9100`, inner: `${inner}:${port}` })
    }

    async function kinit(user: string): Promise<void> {
      const password = { alice: 'wonderland', bob: 'builder', carol: 'secret', most: 'wonderland' }[user]
      await runOk('kinit', [`${user}@AD.TEST`], { environment, input: `${password}\n` })
    }

    async function curl(path: string, args: readonly string[] = []): Promise<string> {
      const to = ['--resolve', `orders.example.com:${PORT}:${host}`]
      const all = ['-sk', '--path-as-is', ...to, '-w', '\n%{http_code}', ...args, `${url}${path}`]
      const { stdout } = await run('curl', all, { environment })
      const [, body = '', status] = /^([\s\S]*)\n(\d+)$/.exec(stdout) ?? []
      return `${status} ${body.trim()}`
    }

    const NEGOTIATE = ['--negotiate', '-u', ':']

    test('an unknown user gets the challenge of the gateway, and nothing goes inside', async () => {
      const answer = await curl('/plain', ['-i'])
      expect(answer).toMatch(/^401 HTTP\/[\d.]+ 401/)
      expect(answer).toMatch(/^www-authenticate: Negotiate\r?$/im)
      expect(answer).not.toMatch(/^(?:authorization|x-s4u-user):/im)
    })

    test('users come through, each as the one who asked, on connections that all share', async () => {
      for (const user of ['alice', 'bob', 'alice']) {
        await kinit(user)
        for (let count = 0; count < 4; count++)
          expect(await curl('/plain', NEGOTIATE)).toBe(`200 ${user}@AD.TEST Negotiate`)
      }
    })

    test('a body comes through', async () => {
      await kinit('alice')
      expect(await curl('/plain', [...NEGOTIATE, '--data', 'hello'])).toBe('200 alice@AD.TEST Negotiate hello')
    })

    test('a user in 400 groups comes through', async () => {
      await kinit('most')
      expect(await curl('/plain', NEGOTIATE)).toBe('200 most@AD.TEST Negotiate')
    })

    test('a session goes on without a ticket', async () => {
      await kinit('alice')
      const jar = join(folder, 'jar')
      // The answer to the check does not reach the browser everywhere: the gateway’s own page does.
      await curl('/.s4u/', [...NEGOTIATE, '-c', jar])
      expect(await curl('/plain', ['-b', jar])).toBe('200 alice@AD.TEST Negotiate')
    })

    test('a user who may not be delegated gets a page, and no word of the directory', async () => {
      await kinit('carol')
      const answer = await curl('/plain', NEGOTIATE)
      expect(answer).toMatch(/^403 /)
      expect(answer).not.toContain('svc')
    })

    test('a path that a rule closes stays closed', async () => {
      await kinit('alice')
      for (const path of ['/closed', '/closed/x', '/%63losed', '/closed%2f..', '//closed'])
        expect([path, (await curl(path, NEGOTIATE)).slice(0, 3)]).toEqual([
          path,
          expect.stringMatching(/^(?:400|403|500)$/),
        ])
    })

    test('another machine that asks gets no ticket, whatever it says', async () => {
      await kinit('alice')
      const asks = ['-s', '-o', '/dev/null', '-w', '%{http_code}', '-D', '-', '--interface', stranger, ...NEGOTIATE]
      const said = [
        'X-Original-URL: https://orders.example.com/plain',
        'X-Original-Method: GET',
        `X-Forwarded-For: ${host}`,
      ]
      const { stdout } = await run(
        'curl',
        [...asks, ...said.flatMap((line) => ['-H', line]), `http://${own}:9100/.s4u/authorize`],
        { environment },
      )
      expect(stdout).toMatch(/403$/)
      expect(stdout).not.toMatch(/^(?:authorization|x-s4u-user):/im)
    })

    test('the inner server sees who the gateway says it is, and nothing that the client brought', async () => {
      await inFrontOf(8081)
      await kinit('alice')
      const brought = [
        'X-S4U-User: root',
        'x-s4u-groups: S-1-5-32-544',
        'Remote-User: root',
        'X-Remote-User: root',
        'Forwarded: for=1.2.3.4',
        'X-Forwarded-User: root',
      ]
      const answer = await curl('/a/b?x=1', [...NEGOTIATE, ...brought.flatMap((line) => ['-H', line])])
      expect(answer).toMatch(/^200 /)
      const { url: asked, headers } = JSON.parse(answer.slice(4)) as { url: string; headers: string[] }
      expect(asked).toBe('/a/b?x=1')
      const values = (name: string) => headers.filter((_, at) => at % 2 === 1 && headers[at - 1].toLowerCase() === name)
      expect(values('x-s4u-user')).toEqual(['alice@AD.TEST'])
      expect(values('x-s4u-groups').join()).not.toContain('S-1-5-32-544')
      expect(values('authorization')).toEqual([expect.stringMatching(/^Negotiate [\w+/=]+$/)])
      expect(headers.join('\n')).not.toMatch(/root|1\.2\.3\.4/)
    })

    test.each(['Connection: X-S4U-User', 'Connection: close, Authorization'])(
      '%s takes no identity away',
      async (line) => {
        const answer = await curl('/', [...NEGOTIATE, '-H', line])
        if (!answer.startsWith('200 ')) return expect(answer.slice(0, 3)).toMatch(/^(?:400|403|500)$/)
        expect(answer).toContain('alice@AD.TEST')
        return expect(answer).toMatch(/"authorization","Negotiate /i)
      },
    )
  })
