/** `s4u gateway FILE` as operators run it: a process, a file that changes, and signals. */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, createServer, request as httpRequest, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { createTestRealm } from '@s4u/test-kdc'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { freePort } from '../../stories/fixtures/free-port.js'
import { program, s4u } from './s4u-process.js'

const folder = mkdtempSync(join(tmpdir(), 's4u-cli-gateway-'))
const file = join(folder, 'gateway.yaml')
const agent = new Agent({ keepAlive: true, maxSockets: 1 })
const running: ChildProcess[] = []
const servers: Server[] = []
/** Called when the inner server has begun its slow answer; ends it. */
let slow: (() => void) | undefined

beforeAll(async () => {
  const realm = await createTestRealm({
    realm: 'AD.TEST',
    users: {},
    services: { gateway: { spns: ['HTTP/orders.example.com'] } },
  })
  writeFileSync(join(folder, 'gateway.keytab'), realm.keytabFor('gateway').encode())
  await realm[Symbol.asyncDispose]()
})
afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL')
})
afterAll(() => {
  agent.destroy()
  for (const server of servers) server.close()
  rmSync(folder, { recursive: true, force: true })
})

async function inner(name: string): Promise<string> {
  const server = createServer((request, response) => {
    if (request.url !== '/slow') return void response.end(name)
    response.write('begun ')
    slow = () => response.end(`ended by ${name}`)
  })
  servers.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function configuration(port: number, to: string): string {
  return [
    'kerberos: { keytab: gateway.keytab }',
    `listeners: [{ address: '127.0.0.1:${port}', plain: true }]`,
    'session: { secure: false }',
    `sites: [{ hosts: orders.example.com, to: '${to}', access: [{ allow: everybody }] }]`,
    '',
  ].join('\n')
}

interface Started {
  readonly port: number
  readonly child: ChildProcess
  /** Resolves when the process has said this. */
  says(what: string): Promise<void>
  readonly exit: Promise<number | null>
}

async function start(to: string): Promise<Started> {
  const port = await freePort()
  writeFileSync(file, configuration(port, to))
  const child = spawn(process.execPath, [program, 'gateway', file], { stdio: ['ignore', 'pipe', 'pipe'] })
  running.push(child)
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part: Buffer) => (said += part))
  const says = async (what: string): Promise<void> => {
    for (let tries = 0; !said.includes(what); tries++) {
      if (tries > 300) throw new Error(`it does not say ${what}, but: ${said}`)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    said = ''
  }
  const exit = once(child, 'exit').then(([code]: (number | null)[]) => code)
  await says(`The gateway listens on 127.0.0.1:${port}.`)
  return { port, child, says, exit }
}

async function begin(port: number, path: string): Promise<IncomingMessage> {
  const headers = { host: 'orders.example.com' }
  const asked = httpRequest({ host: '127.0.0.1', port, path, headers, agent: path === '/slow' ? false : agent }).end()
  const [answer]: IncomingMessage[] = await once(asked, 'response')
  return answer
}

/** The answer, and the client's port of the connection on which it came. */
async function ask(port: number): Promise<{ body: string; from: number | undefined }> {
  const answer = await begin(port, '/')
  const from = answer.socket.localPort
  return { body: await text(answer), from }
}

describe('--check', () => {
  test('ends with 0 for a file without mistakes, and listens nowhere', async () => {
    writeFileSync(file, configuration(1, 'http://127.0.0.1:1'))
    expect(await s4u(['gateway', '--check', file])).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('gateway.yaml is right.'),
    })
  })

  test('ends with 1, and tells every mistake with its line', async () => {
    writeFileSync(file, `${configuration(1, 'ldap://b.test')}stopTme: 5s\n`)
    const { status, stdout } = await s4u(['gateway', '--check', file])
    expect(status).toBe(1)
    expect(stdout).toMatch(/gateway\.yaml:4:\d+: sites\[0\]\.to must be a URL/)
    expect(stdout).toContain('gateway.yaml:5:1: stopTme is not an option; did you mean stopTime?')
  })

  test.each([
    ['a file that is not there', ['--check', join(folder, 'nowhere.yaml')]],
    ['a file that is wrong, without --check', [file]],
  ])('%s is refused', async (_what, args) => {
    writeFileSync(file, 'listeners: []\n')
    const { status, stdout, stderr } = await s4u(['gateway', ...args])
    expect(status).toBe(1)
    expect(`${stdout}${stderr}`).not.toMatch(/\n {4}at /)
  })
})

describe('a gateway that runs', () => {
  test('follows its file without losing a connection or an answer, and keeps to the last right one', async () => {
    const [first, second] = [await inner('first'), await inner('second')]
    const { port, says } = await start(first)
    const before = await ask(port)
    const underWay = await begin(port, '/slow')
    writeFileSync(file, configuration(port, second))
    await says('The configuration was read again and is in force.')
    expect([before.body, await ask(port)]).toEqual(['first', { body: 'second', from: before.from }])
    slow?.()
    expect(await text(underWay)).toBe('begun ended by first')
    writeFileSync(file, 'sites: wrong\n')
    await says('the one before stays in force')
    expect(await ask(port)).toEqual({ body: 'second', from: before.from })
  })

  test('reads its file at SIGHUP, at once', async () => {
    const [first, second] = [await inner('first'), await inner('second')]
    const { port, says, child } = await start(first)
    const before = await ask(port)
    writeFileSync(file, configuration(port, second))
    child.kill('SIGHUP')
    await says('The configuration was read again and is in force.')
    expect([before.body, await ask(port)]).toEqual(['first', { body: 'second', from: before.from }])
  })

  test('ends at SIGTERM when what is under way has its answer, and takes no more', async () => {
    const { port, child, exit } = await start(await inner('first'))
    const underWay = await begin(port, '/slow')
    child.kill('SIGTERM')
    await new Promise((resolve) => setTimeout(resolve, 300))
    const late = await begin(port, '/').catch((error: NodeJS.ErrnoException) => error.code)
    expect(late).toBe('ECONNREFUSED')
    slow?.()
    expect(await text(underWay)).toBe('begun ended by first')
    expect(await exit).toBe(0)
  })
})
