import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createFetch } from '@s4u/fetch'
import { createKdcClient } from '@s4u/kdc-client'
import { negotiate } from '@s4u/koa'
import { createTestRealm, type TestRealm } from '@s4u/test-kdc'
import Koa from 'koa'
import { afterAll, beforeAll, expect, test } from 'vitest'

/**
 * The first screen of the README, pasted into a TypeScript project that has the packages installed.
 */

const root = fileURLToPath(new URL('../..', import.meta.url))
const readme = readFileSync(join(root, 'README.md'), 'utf8')
const hook = new URL('examples-hosts.mjs', import.meta.url).href
// Below test/, so that @s4u/express and express are found as an installed project finds them.
const caches = join(root, 'test', 'node_modules', '.cache')
let folder: string
let realm: TestRealm
let backend: Server

beforeAll(async () => {
  mkdirSync(caches, { recursive: true })
  folder = mkdtempSync(join(caches, 'readme-'))
  realm = await createTestRealm({
    realm: 'AD.TEST',
    users: { alice: { password: 'wonderland' } },
    services: {
      'svc-web': { spns: ['HTTP/web.ad.test'], allowedToDelegateTo: ['HTTP/api.ad.test'] },
      'svc-api': { spns: ['HTTP/api.ad.test'] },
    },
  })
  await realm.listen()
  const api = new Koa()
  api.use(negotiate({ keytab: realm.keytabFor('svc-api') }))
  api.use((ctx) => {
    ctx.body = [{ order: 1, of: ctx.identity.principal }]
  })
  backend = createServer(api.callback()).listen(0, '127.0.0.1')
  await once(backend, 'listening')
})
afterAll(async () => {
  backend.close()
  await realm[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true })
})

test(
  'the snippet compiles, runs, calls the backend as the caller, and does not warn of itself',
  { timeout: 60_000 },
  async () => {
    const [, snippet] = /```ts\n([^]*?)```/.exec(readme) ?? []
    const port = await freePort()
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
    writeFileSync(join(folder, 'server.ts'), snippet.replace('.listen(3000)', `.listen(${port})`))
    writeFileSync(join(folder, 'web.keytab'), realm.keytabFile('svc-web'))
    writeFileSync(join(folder, 'krb5.conf'), realm.krb5Conf())
    const flags = ['--target', 'es2022', '--lib', 'es2023,esnext.disposable', '--module', 'nodenext', '--types', 'node']
    const options = { cwd: folder, encoding: 'utf8' } as const
    execFileSync(
      join(root, 'node_modules', '.bin', 'tsc'),
      [...flags, '--ignoreConfig', '--skipLibCheck', '--strict', 'server.ts'],
      options,
    )
    const HOSTS = JSON.stringify({ 'api.ad.test': `127.0.0.1:${portOf(backend)}` })
    const env = { ...process.env, HOSTS, KRB5_CONFIG: join(folder, 'krb5.conf') }
    const child = spawn(process.execPath, ['--import', hook, 'server.js'], {
      cwd: folder,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let said = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()))
    try {
      const client = createKdcClient({
        credentials: { principal: 'alice@AD.TEST', password: 'wonderland' },
        kdc: realm.transport,
      })
      const asAlice = createFetch({
        ticketFor: (spn, given) => client.ticketFor(spn, given),
        serviceNames: { '127.0.0.1': 'HTTP/web.ad.test' },
      })
      const url = `http://127.0.0.1:${port}/orders`
      await expect
        .poll(
          () =>
            fetch(url)
              .then(({ status }) => status)
              .catch(() => 0),
          { timeout: 20_000 },
        )
        .toBe(401)
      const answer = await asAlice(url)
      expect(await answer.json()).toEqual([{ order: 1, of: 'alice@AD.TEST' }])
      // It warns of nothing that it could have done right itself.
      expect(said).not.toMatch(/maxHeaderSize|SMALL_HEADERS/)
    } finally {
      child.kill()
    }
  },
)

test('the commands exist', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const [, commands] = /```sh\n([^]*?)```/.exec(readme) ?? []
  const named = [...commands.matchAll(/^npm (\w+)/gm)].map(([, name]) => name)
  expect(named).toEqual(['start', 'test'])
  for (const name of named) expect(scripts).toHaveProperty(name)
})

test('every link leads somewhere, and every package and example is there', () => {
  const links = [...readme.matchAll(/\]\(([^)]+)\)/g)].map(([, link]) => link)
  expect(links.filter((link) => !existsSync(join(root, link)))).toEqual([])
  for (const name of readdirSync(join(root, 'packages'))) expect(links).toContain(`packages/${name}`)
  const shown = new Set(links.filter((link) => link.startsWith('examples/')).map((link) => link.split('/')[1]))
  expect([...shown].sort()).toEqual(readdirSync(join(root, 'examples')).sort())
})

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const port = portOf(server)
  server.close()
  await once(server, 'close')
  return port
}

function portOf(server: Server): number {
  const address = server.address() as AddressInfo
  return address.port
}
