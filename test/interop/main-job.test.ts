import { negotiate } from '@s4u/express'
import { negotiate as negotiateKoa } from '@s4u/koa'
import { DelegationRefusedError } from '@s4u/negotiate'
import express from 'express'
import Koa from 'koa'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { kinit, realmOf, run, type Login } from '../realms/clients.js'
import { describeRealms } from '../realms/suite.js'
import { requestsKerberos } from './sign-on/clients.js'

/**
 * The whole job on real servers: a caller signs in to an Express service with Kerberos, and the service calls its Koa backend as that
 * caller, with the directory's own rules deciding.
 */
for (const key of ['CORP', 'EAST'] as const) {
  await describeRealms(`the main job in ${key}`, [key, 'requests-kerberos'], (info) => {
    const realm = realmOf(info, key)
    const { web, kcd, api } = realm.services
    const sensitive = key === 'CORP' ? 'carol' : 'sensitive'
    const unlisted = (realm.services.vault ?? realm.services.none).spn
    const kdc = `${realm.kdc.host}:${realm.kdc.port}`
    const servers: Server[] = []
    let webUrl = ''
    let kcdUrl = ''
    let otherUrl = ''
    let alice: Login

    beforeAll(async () => {
      const apiUrl = await listen(backend(api.keytab).callback(), `${info.block}.41`)
      const serviceNames = { [new URL(apiUrl).host]: api.spn }
      const front = (keytab: string) => frontEnd({ keytab, kdc, apiUrl, unlisted, serviceNames })
      otherUrl = await listen(front(web.keytab), `${info.block}.43`)
      webUrl = named(await listen(front(web.keytab), `${info.block}.40`), web.host)
      kcdUrl = named(await listen(front(kcd.keytab), `${info.block}.42`), kcd.host)
      alice = await kinit(info, key, 'alice')
    })
    afterAll(() => {
      for (const server of servers) server.close()
    })

    test('answers 401 with Negotiate to a caller without a token', async () => {
      const { stdout } = await run('curl', ['-si', ...resolve(webUrl, `${info.block}.40`), webUrl])
      expect(stdout).toMatch(/^HTTP\/1.1 401 Unauthorized\r\n/)
      expect(stdout).toMatch(/^WWW-Authenticate: Negotiate\r$/m)
    })

    test('knows who calls, and proves itself in the answer', async () => {
      const { stdout } = await curl(`${webUrl}/whoami`, alice, ['-i'])
      expect(stdout).toMatch(/^HTTP\/1.1 200 OK\r\n/)
      expect(stdout).toMatch(/^WWW-Authenticate: Negotiate [A-Za-z0-9+/=]{40,}\r$/m)
      const identity = JSON.parse(stdout.split('\r\n\r\n').at(-1) ?? '')
      expect(identity).toMatchObject({
        principal: `alice@${realm.name}`,
        authenticationMethod: 'kerberos',
        impersonationLevel: 'delegation',
      })
      if (key === 'CORP') {
        expect(identity.upn).toBe('alice@corp.test')
        expect(identity.sid).toMatch(/^S-1-5-21-/)
        expect(identity.groups).toContain(identity.sid.replace(/-\d+$/, '-513'))
      }
    })

    test('accepts raw Kerberos tokens', async () => {
      const service = { address: `${info.block}.40`, port: Number(new URL(webUrl).port) }
      const { status, body } = await requestsKerberos({ host: web.host, service, path: '/whoami' }, alice)
      expect([status, JSON.parse(body).principal]).toEqual([200, `alice@${realm.name}`])
    })

    test('calls the backend as the caller, who sees the caller and the service that acts for it', async () => {
      const { stdout } = await curl(`${webUrl}/backend`, alice)
      expect(JSON.parse(stdout)).toMatchObject({
        principal: `alice@${realm.name}`,
        delegatedBy: [web.principal.includes('/') ? web.principal : expect.any(String)],
      })
      expect(JSON.parse(stdout).delegatedBy[0]).toMatch(key === 'CORP' ? /web/ : web.principal)
    })

    test('delegates without protocol transition when the caller presented a ticket', async () => {
      const { stdout } = await curl(`${kcdUrl}/backend`, alice)
      expect(JSON.parse(stdout)).toMatchObject({ principal: `alice@${realm.name}` })
    })

    test('still acts as the caller on the next request, on another instance, with a cookie in place of a ticket', async () => {
      const jar = join(info.directory, `jar-${key}`)
      await curl(`${webUrl}/whoami`, alice, ['-c', jar])
      const other = named(otherUrl, web.host)
      const { hostname } = new URL(otherUrl)
      // Neither the ticket cache nor the port of the first instance.
      const { stdout } = await run('curl', ['-s', '-b', jar, ...resolve(other, hostname), `${other}/backend`], {
        environment: info.environment,
      })
      expect(JSON.parse(stdout)).toMatchObject({ principal: `alice@${realm.name}` })
      const { stdout: refused } = await run('curl', ['-si', ...resolve(other, hostname), `${other}/backend`])
      expect(refused).toMatch(/^HTTP\/1.1 401 Unauthorized\r\n/)
    })

    test('acts for a user who never showed a ticket', async () => {
      const { stdout } = await curl(`${webUrl}/as/bob@${realm.name}`, alice)
      expect(JSON.parse(stdout)).toMatchObject({ principal: `bob@${realm.name}` })
    })

    test.each([
      ['a target that is not listed', () => `${webUrl}/unlisted`, 'target-not-allowed', /msDS-AllowedToDelegateTo/],
      ['a sensitive user', () => `${webUrl}/as/${sensitive}@${realm.name}`, 'user-not-delegable', /NOT_DELEGATED/],
      [
        'a service without protocol transition',
        () => `${kcdUrl}/as/bob@${realm.name}`,
        'protocol-transition-not-allowed',
        /TRUSTED_TO_AUTH_FOR_DELEGATION/,
      ],
    ])('reports what the directory lacks for %s', async (_what, url, reason, hint) => {
      const { stdout } = await curl(url(), alice)
      const error = JSON.parse(stdout)
      expect(error).toMatchObject({ name: 'DelegationRefusedError', code: 'KDC_ERR_BADOPTION', reason })
      expect(error.hint).toMatch(hint)
      expect(error.hint).toMatch(/samba-tool/)
      expect(error.message).toContain(error.answer.account)
      expect(error.message).toContain(error.answer.target)
    })

    async function listen(handler: Parameters<typeof createServer>[1], host: string): Promise<string> {
      const server = createServer({ maxHeaderSize: 65_536 }, handler).listen(0, host)
      servers.push(server)
      await once(server, 'listening')
      const { port } = server.address() as AddressInfo
      return `http://${host}:${port}`
    }

    const curl = (url: string, login: Login, args: string[] = []) => {
      const host = url.startsWith(webUrl) ? `${info.block}.40` : `${info.block}.42`
      return run('curl', ['-s', '--negotiate', '-u', ':', ...resolve(url, host), ...args, url], login)
    }
  })
}

function frontEnd(options: {
  keytab: string
  kdc: string
  apiUrl: string
  unlisted: string
  serviceNames: Record<string, string>
}) {
  const { keytab, kdc, apiUrl, unlisted, serviceNames } = options
  const app = express()
  // Plain HTTP: curl would keep a secure cookie to itself.
  const session = { kind: 'cookie', keys: ['of all instances of this service'], secure: false } as const
  const kerberos = negotiate({
    keytab,
    kdc,
    session,
    delegation: { protocolTransition: true },
    fetch: { serviceNames },
  })
  app.use(kerberos)
  app.get('/whoami', (req, res) => void res.json(req.identity))
  app.get('/backend', async (req, res) => {
    using caller = req.identity.impersonate()
    const answer = await caller.fetch(`${apiUrl}/orders`)
    res.status(answer.status).json(await answer.json())
  })
  app.get('/as/:user', async (req, res) => {
    await kerberos.negotiator.identityFor('bob')
    const user = await kerberos.negotiator.identityFor(req.params.user, { method: 'asserted' })
    using other = user.impersonate()
    const answer = await other.fetch(`${apiUrl}/orders`)
    res.status(answer.status).json(await answer.json())
  })
  app.get('/unlisted', async (req, res) => {
    using caller = req.identity.impersonate()
    res.json(await caller.ticketFor(unlisted))
  })
  const onError: express.ErrorRequestHandler = (error, _req, res, _next) => {
    if (!(error instanceof DelegationRefusedError)) throw error
    const { name, code, message, hint, reason, answer } = error
    res.status(502).json({ name, code, message, hint, reason, answer })
  }
  return app.use(onError)
}

function backend(keytab: string): Koa {
  const app = new Koa()
  app.use(negotiateKoa({ keytab }))
  app.use((ctx) => {
    ctx.body = ctx.identity.toJSON()
  })
  return app
}

function named(url: string, host: string): string {
  const { port } = new URL(url)
  return `http://${host}:${port}`
}

function resolve(url: string, address: string): string[] {
  const { hostname, port } = new URL(url)
  return ['--resolve', `${hostname}:${port}:${address}`]
}
