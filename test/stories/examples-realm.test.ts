import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

/**
 * What `node examples/realm/realm.mjs` prints is typed into shells, line by line, as a newcomer
 * would.
 */

const program = fileURLToPath(new URL('../../examples/realm/realm.mjs', import.meta.url))
const children: ChildProcess[] = []
let realm: ChildProcess
let folder: string
let printed: string
let port: string

beforeAll(async () => {
  port = await freePort()
  realm = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(realm)
  const [chunk] = (await once(realm.stdout ?? realm, 'data')) as [Buffer]
  printed = chunk.toString().replaceAll(':3000', `:${port}`)
  folder = /^ {2}cd (.*)$/m.exec(printed)?.[1] ?? ''
})
afterAll(async () => {
  for (const child of children) if (child.exitCode === null) child.kill()
  if (realm.exitCode === null) await once(realm, 'exit')
  expect(existsSync(folder), 'its folder goes with it').toBe(false)
})

describe.each([
  ['express-authenticate/server.mjs', /alice@AD\.TEST got 200\n\{"alice":1,"bob":2\}/],
  [
    'express-impersonate/server.mjs',
    /got 200\n\{"orders":\[1,2\],"of":"alice@AD\.TEST","delegatedBy":\["HTTP\/web\.ad\.test@AD\.TEST"\]\}/,
  ],
  ['protocol-transition/server.mjs', /^\{"orders":\[1,2\],"of":"bob@AD\.TEST","delegatedBy":\["svc-web@AD\.TEST"\]\}/],
])('%s', (example, answer) => {
  test('answers the visitor that is printed below it', async () => {
    const lines = printed.split('\n').map((line) => line.trim())
    const at = lines.findIndex((line) => line.startsWith('node ') && line.includes(example))
    const server = shell(lines[at])
    await listening()
    const visitor = shell(lines[at + 1])
    expect(await visitor.ended).toMatch(answer)
    process.kill(-(server.child.pid ?? 0))
    expect(await server.ended).toBe('')
  })
})

test('the job that calls a service in its own name finds the backend', async () => {
  const line = printed.split('\n').find((text) => text.includes('fetch-with-keytab')) ?? ''
  expect(await shell(line.trim()).ended).toMatch(/^svc-report@AD\.TEST got 200\n\{"orders":\[1,2\],"of":"svc-report@AD/)
})

/**
 * A shell in which what is printed for every terminal was typed first. In a group of its own, as a
 * terminal has it.
 */
function shell(command: string): { child: ChildProcess; ended: Promise<string> } {
  const first = printed.split('\n').filter((line) => /^ {2}(cd|export) /.test(line))
  expect(first).toHaveLength(3)
  const env = { ...process.env, PORT: port, NO_COLOR: '1', KRB5_KTNAME: undefined, NODE_OPTIONS: undefined }
  const child = spawn('bash', ['-ec', [...first, command].join('\n')], { env, detached: true })
  children.push(child)
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
  return { child, ended: once(child, 'close').then(() => output.replace(/^ *%.*[\s\S]*?\r[^{]*/, '')) }
}

async function listening(): Promise<void> {
  const url = `http://127.0.0.1:${port}/`
  await expect
    .poll(
      () =>
        fetch(url).then(
          () => true,
          () => false,
        ),
      { timeout: 20_000 },
    )
    .toBe(true)
}

async function freePort(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port: free } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return String(free)
}
