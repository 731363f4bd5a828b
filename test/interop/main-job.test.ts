import { createFetch, type Fetch, type NegotiationForOptions } from '@s4u/fetch'
import { createKdcClient } from '@s4u/kdc-client'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { kinit, realmOf, run, type Login } from '../realms/clients.js'
import { describeRealms } from '../realms/suite.js'
import { frameworks } from './main-job.site.js'
import { requestsKerberos } from './sign-on/clients.js'

/**
 * The whole job on real servers: a caller signs in to a service with Kerberos, and the service
 * calls its backend, written in the other framework, as that caller, with the directory's own rules
 * deciding.
 */
const [inExpress, inKoa] = frameworks
const sites = [
  ...(['CORP', 'EAST'] as const).flatMap((key) => [
    { key, service: inExpress, behind: inKoa },
    { key, service: inKoa, behind: inExpress },
  ]),
  // The frameworks are the same with every KDC.
  ...(['NEWCORP', 'NEWEAST'] as const).map((key) => ({ key, service: inExpress, behind: inKoa })),
]

for (const { key, service, behind } of sites) {
  const title = `the main job in ${key}, of ${service.name} with ${behind.name} behind it,`
  await describeRealms(title, [key, 'requests-kerberos'], (info) => {
    const realm = realmOf(info, key)
    const { web, kcd, api } = realm.services
    const sensitive = realm.kind === 'samba' ? 'carol' : 'sensitive'
    const unlisted = (realm.services.vault ?? realm.services.none).spn
    const kdc = `${realm.kdc.host}:${realm.kdc.port}`
    const servers: Server[] = []
    let webAddress = ''
    let webUrl = ''
    let kcdUrl = ''
    let otherUrl = ''
    let alice: Login

    beforeAll(async () => {
      const apiUrl = await listen(behind.backend(api.keytab), `${info.block}.41`)
      const serviceNames = { [new URL(apiUrl).host]: api.spn }
      const front = (keytab: string) => service.front({ keytab, kdc, apiUrl, unlisted, serviceNames })
      otherUrl = await listen(front(web.keytab), `${info.block}.43`)
      webAddress = await listen(front(web.keytab), `${info.block}.40`)
      webUrl = named(webAddress, web.host)
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
      const at = { address: `${info.block}.40`, port: Number(new URL(webUrl).port) }
      const { status, body } = await requestsKerberos({ host: web.host, service: at, path: '/whoami' }, alice)
      expect([status, JSON.parse(body).principal]).toEqual([200, `alice@${realm.name}`])
    })

    test.each([
      ['as the one that a handler names', 'backend'],
      ['as the ambient one of a route that requires it', 'ambient'],
    ])('calls the backend as the caller, %s, and the backend sees who acts for the caller', async (_how, path) => {
      const { stdout } = await curl(`${webUrl}/${path}`, alice)
      const delegatedBy = [`${web.spn}@${realm.name}`]
      expect(JSON.parse(stdout)).toMatchObject({ principal: `alice@${realm.name}`, delegatedBy })
    })

    // behaviour: Constrained delegation, a presented ticket = CORP: granted, EAST: granted, NEWCORP: granted, NEWEAST: granted
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

    test('knows what callers and their directory let it do, and does no more', async () => {
      const answers = async (fetch: Fetch) =>
        Promise.all(['/whoami', '/ambient'].map(async (path) => statusAndBody(await fetch(`${webAddress}${path}`))))
      const [known, asAlice] = await answers(desktop('alice'))
      expect([known.body.impersonationLevel, asAlice.status]).toEqual(['delegation', 200])
      // The client's own word, which no directory overrules.
      const [identified, refused] = await answers(desktop('alice', { allowedImpersonationLevel: 'identification' }))
      expect([identified.body.impersonationLevel, refused.status]).toEqual(['identification', 403])
      const [kept, notDelegable] = await answers(desktop(sensitive))
      expect([kept.body.impersonationLevel, notDelegable.status]).toEqual(['impersonation', 502])
      expect(notDelegable.body).toMatchObject({ name: 'DelegationRefusedError', code: 'KDC_ERR_BADOPTION' })
    })

    /** Somebody's program, which signs in with a password. */
    function desktop(name: string, options: Partial<NegotiationForOptions> = {}): Fetch {
      const { principal, password } = realm.users[name]
      const client = createKdcClient({ kdc, credentials: { principal, password } })
      const serviceNames = { [new URL(webAddress).host]: web.spn }
      return createFetch({ ...options, serviceNames, ticketFor: (spn) => client.ticketFor(spn) })
    }

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

async function statusAndBody(answer: Response) {
  const text = await answer.text()
  return { status: answer.status, body: text.startsWith('{') ? JSON.parse(text) : {} }
}

function named(url: string, host: string): string {
  const { port } = new URL(url)
  return `http://${host}:${port}`
}

function resolve(url: string, address: string): string[] {
  const { hostname, port } = new URL(url)
  return ['--resolve', `${hostname}:${port}:${address}`]
}
