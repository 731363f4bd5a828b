import { initializeServer } from '@s4u/kerberos'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { beforeAll, expect, test } from 'vitest'
import { kinit, type Login, realmOf, run, runAt, runOk } from '../../realms/clients.js'
import { describeRealms } from '../../realms/suite.js'
import { startApache } from '../peers/apache.js'
import { startSquid } from '../peers/squid.js'
import { beside } from '../sign-on/clients.js'

/** Packages of npm that use `kerberos`, as they are installed; ours stands in its place. */
await describeRealms('packages that use npm kerberos', ['EAST', 'apache', 'squid', 'mit-clients'], (info) => {
  const realm = realmOf(info, 'EAST')
  const { web, api } = realm.services
  let login: Login
  beforeAll(async () => {
    login = await kinit(info, 'EAST', 'alice')
  })

  test.each([
    ['Apache', startApache],
    ['squid', startSquid],
  ])('proxy-agent-negotiate signs on to %s', async (_name, start) => {
    // It asks for a ticket for HTTP@proxy, whatever the proxy is called; krb5.conf completes the
    // name.
    const SPN = 'HTTP/proxy.east.test'
    const kadmin = (query: string) => runAt(realm, 'kadmin.local', ['-r', realm.name, '-q', query])
    const keytab = join(info.directory, 'keytabs', 'proxy.keytab')
    await kadmin(`addprinc -randkey -requires_preauth ${SPN}`)
    await kadmin(`ktadd -k ${keytab} ${SPN}`)
    const krb5Config = join(info.directory, 'qualified.conf')
    const shared = readFileSync(info.krb5Config, 'utf8')
    writeFileSync(krb5Config, shared.replace('[libdefaults]\n', '[libdefaults]\n  qualify_shortname = east.test\n'))
    const inner = createServer((_request, response) => void response.end('the inner page')).listen(
      0,
      `${info.block}.71`,
    )
    await once(inner, 'listening')
    const bound = inner.address()
    const url = `http://${info.block}.71:${typeof bound === 'object' && bound ? bound.port : 0}/`
    const peer = await start({ address: `${info.block}.72`, keytab, krb5Config: info.krb5Config, service: SPN })
    try {
      const environment = { ...login.environment, KRB5_CONFIG: krb5Config }
      const asked = JSON.stringify({ proxy: peer.proxy, url })
      const { stdout } = await runOk(process.execPath, [beside('../drop-in/proxy-client.mjs'), asked], { environment })
      expect(JSON.parse(stdout)).toEqual({ first: 407, scheme: 'Negotiate', second: 200, body: 'the inner page' })
      await expect.poll(() => peer.proxyLog().at(-1)).toBe(`GET ${url} alice@EAST.TEST 200`)
    } finally {
      await peer[Symbol.asyncDispose]()
      inner.close()
      await kadmin(`delprinc -force ${SPN}`)
    }
  })

  /** A web server with passport-negotiate; resolves to its port. */
  async function openApp(options: object) {
    const environment = { ...process.env, ...info.environment, KRB5_KTNAME: web.keytab }
    const asked = JSON.stringify({ address: `${info.block}.73`, ...options })
    const child = spawn(process.execPath, [beside('../drop-in/passport-app.mjs'), asked], {
      env: environment,
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const { value } = await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next()
    const close = async () => {
      child.kill()
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    }
    return { port: Number(value), [Symbol.asyncDispose]: close }
  }

  const get = async (port: number, ...options: readonly string[]): Promise<string> => {
    const resolve = `${web.host}:${port}:${info.block}.73`
    const args = ['-s', '-w', ' %{http_code}', '--resolve', resolve, ...options, `http://${web.host}:${port}/`]
    return (await run('curl', args, { environment: login.environment })).stdout
  }

  test('passport-negotiate runs again', async () => {
    for (const service of [`HTTP@${web.host}`, undefined]) {
      await using app = await openApp({ service })
      expect(await get(app.port)).toBe(' 401')
      expect(await get(app.port, '--negotiate', '-u', ':')).toBe('alice@EAST.TEST 200')
      expect(await get(app.port, '-H', 'Authorization: Negotiate YWJj')).toMatch(/500$/)
    }
  })

  test('passport-negotiate hands on what it takes to call a backend as the caller', async () => {
    const called = async (backend: string): Promise<string> => {
      await using app = await openApp({ service: `HTTP@${web.host}`, delegates: true, backend })
      return await get(app.port, '--negotiate', '-u', ':')
    }
    const [user, token, status] = (await called(`HTTP@${api.host}`)).split(' ')
    expect([user, status]).toEqual(['alice@EAST.TEST', '200'])
    const server = await initializeServer(`HTTP@${api.host}`, { keytab: api.keytab })
    await server.step(token)
    expect(server.username).toBe('alice@EAST.TEST')
    // Beyond the list of the service there is no ticket.
    expect(await called(`HTTP@${realm.services.vault.host}`)).toContain(realm.services.vault.spn)
  })
})
