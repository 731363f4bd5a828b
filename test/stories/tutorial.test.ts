import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'

/**
 * docs/tutorial.md, as its reader does it: every file, every command and every answer. The packages
 * are those of the repository, in place of `npm install`, and the ports are free ones.
 */
const root = new URL('../../', import.meta.url).pathname
const [portOfWeb, portOfApi] = [await freePort(), await freePort()]
const page = readFileSync(join(root, 'docs/tutorial.md'), 'utf8')
  .replaceAll('3000', String(portOfWeb))
  .replaceAll('4000', String(portOfApi))
const folder = mkdtempSync(join(tmpdir(), 's4u-tutorial-'))
const started: ChildProcess[] = []

const commands = [...page.matchAll(/^```sh\n([^]*?)^```$/gm)].map(([, text]) => text.trim())
const answers = [...page.matchAll(/^```text\n([^]*?)^```$/gm)].map(([, text]) => text)
const [install, realm, api, web, signIn, orders, refused] = commands

beforeAll(() => {
  symlinkSync(join(root, 'test/node_modules'), join(folder, 'node_modules'))
  mkdirSync(join(folder, 'bin'))
  const program = `#!/bin/sh\nexec "${process.execPath}" "${join(root, 'packages/cli/dist/s4u.js')}" "$@"\n`
  writeFileSync(join(folder, 'bin/s4u'), program, { mode: 0o755 })
  for (const [, name, text] of page.matchAll(/Save this as `([\w.]+)`:\n\n```\w+\n([^]*?)^```$/gm)) {
    writeFileSync(join(folder, name), text)
  }
})
afterAll(() => {
  for (const child of started) child.kill('SIGINT')
  rmSync(folder, { recursive: true, force: true })
})

/**
 * `npx` finds the program that an installed package brings. Here the packages were linked before
 * they were built, when there was no program yet.
 */
const environment = { ...process.env, PATH: `${join(folder, 'bin')}${delimiter}${process.env['PATH']}` }

/**
 * Starts what the page says to leave running, and waits for its words. Returns what it says later.
 */
async function leaveRunning(command: string, words: string): Promise<() => string> {
  const child = spawn('bash', ['-c', `exec env ${command.replace('npx ', '')}`], { cwd: folder, env: environment })
  started.push(child)
  let said = ''
  const isReady = new Promise<void>((resolve, reject) => {
    const hear = (chunk: Buffer): void => {
      said += String(chunk)
      if (said.includes(words)) resolve()
    }
    child.stdout.on('data', hear)
    child.stderr.on('data', hear)
    child.on('exit', (code) => reject(new Error(`${command} ended with ${code}: ${said}`)))
  })
  await isReady
  return () => said
}

const type = async (lines: string): Promise<string> =>
  (await promisify(execFile)('bash', ['-ec', lines.replaceAll('npx ', '')], { cwd: folder, env: environment })).stdout

test('the tutorial: a realm, a service, its backend, a caller, and a refusal', async () => {
  expect(install).toContain('npm install @s4u/cli @s4u/express express')
  expect(commands).toHaveLength(7)
  await leaveRunning(realm, 'AD.TEST is running')
  await leaveRunning(api, 'api is ready')
  const log = await leaveRunning(web, 'web is ready')

  const [environmentOfTerminal] = signIn.split('\n')
  expect(await type(signIn)).toContain(answers[0])
  expect(await type(`${environmentOfTerminal}\n${orders}`)).toBe(answers[1].trimEnd())
  await expect(type(`${environmentOfTerminal}\n${refused}`)).rejects.toMatchObject({
    stdout: expect.stringContaining('403'),
  })
  expect(log()).toContain(answers[2])
}, 120_000)

async function freePort(): Promise<number> {
  const server = createServer().listen(0)
  await once(server, 'listening')
  const address = server.address()
  server.close()
  return typeof address === 'object' && address !== null ? address.port : 0
}
