import { spawn, spawnSync, type StdioOptions } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, test } from 'vitest'
import { groupLives, root, signalGroup, startDemo } from '../interop/demo-process.js'

/** `npm start`, as people and their CI run it. */

const main = 'examples/demo/main.mjs'

test('npm start tells the story as text where nobody looks, and ends well', { timeout: 120_000 }, async () => {
  const { status, output } = await run('npm', ['start'], { CI: 'true' })
  expect(output).toMatch(/She looks at her orders/)
  expect(output).toMatch(/web +→ api .*HTTP\/api\.ad\.test/)
  expect(output).toMatch(/data sees alice@AD\.TEST .* through HTTP\/web\.ad\.test@AD\.TEST, then HTTP\/api\.ad\.test/)
  expect(output).toMatch(/DelegationRefusedError KDC_ERR_BADOPTION/)
  expect(output).toMatch(/13 of 13 scenes went as they should\n$/)
  expect(output).not.toContain('WRONG')
  expect(status).toBe(0)
})

test('the demo tells the story as text where there is no terminal, outside CI too', async () => {
  const { status, output } = await run(process.execPath, [main], { CI: undefined })
  expect(output).toMatch(/13 of 13 scenes went as they should\n$/)
  expect(status).toBe(0)
})

test('a story that goes wrong says where, and ends with another status', async () => {
  const directory = pathToFileURL(join(root, 'examples', 'demo', 'directory.mjs')).href
  const otherwise = `
    import { services, users } from '${directory}'
    users.carol.sensitive = false
    services['svc-archive'].allowedToActOnBehalfOf = []`
  const hook = `data:text/javascript,${encodeURIComponent(otherwise)}`
  const { status, output } = await run(process.execPath, ['--import', hook, main, '--story'])
  expect(output).toMatch(/WRONG: status is 403, expected 200/)
  expect(output).toMatch(/11 of 13 scenes/)
  expect(status).toBe(1)
})

test(
  'npm start shows the page, a second time without building, and Ctrl-C leaves nothing behind',
  { timeout: 120_000 },
  async () => {
    const args = ['start', '--', '--page', '--port', '0']
    const first = await startDemo('npm', args)
    await first.stop()
    const warm = await startDemo('npm', args)
    expect((await fetch(warm.url)).status).toBe(200)
    await warm.stop()
    expect(warm.output()).not.toMatch(/Installing|Building/)
    await expect.poll(() => groupLives(first.child) || groupLives(warm.child), { timeout: 5_000 }).toBe(false)
    await expect(fetch(warm.url)).rejects.toThrow('fetch failed')
  },
)

test.each([
  [['--port', 'abc'], '--port: A whole number from 0 to 65535 is expected.'],
  [['--port', '65536'], '--port: A whole number from 0 to 65535 is expected.'],
  [['--page', '--story'], '--page and --story exclude each other'],
  [['--story', '--port', '80'], '--port goes with --page'],
  [['--pages'], "Unknown option '--pages'"],
])('the demo refuses %j in two lines', (args, message) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], { cwd: root, encoding: 'utf8' })
  expect([status, stdout]).toEqual([2, ''])
  expect(stderr).toMatch(/^[^\n]+\nWrite npm start -- \[--page \| --story\] \[--port N\]\.\n$/)
  expect(stderr).toContain(message)
})

test('a stopped npm takes the demo with it', { timeout: 60_000 }, async () => {
  const demo = await startDemo('npm', ['start', '--', '--page', '--port', '0'])
  demo.child.kill('SIGTERM')
  await expect.poll(() => groupLives(demo.child), { timeout: 5_000 }).toBe(false)
})

test('a port that is taken is said plainly when it was asked for, and gone round when it was not', async () => {
  const demo = await startDemo(process.execPath, [main, '--page', '--port', '0'])
  const { port } = new URL(demo.url)
  const { status, output } = await run(process.execPath, [main, '--page', '--port', port])
  expect(output).toContain(`Port ${port} is taken`)
  expect(output).not.toMatch(/\n {4}at /)
  expect(status).toBe(1)
  signalGroup(demo.child, 'SIGTERM')
})

describe('the page opens by itself', { skip: !existsSync('/usr/bin/script') }, () => {
  test.each([
    ['where somebody sits at a terminal with a desktop', true, {}, true],
    ['in the browser that they like better', true, { BROWSER: 'other-browser', DISPLAY: undefined }, true],
    ['but not without a desktop', true, { DISPLAY: undefined }, false],
    ['but not when they do not want it', true, { BROWSER: 'none' }, false],
    ['but not in CI', true, { CI: 'true' }, false],
    ['but not without a terminal', false, {}, false],
  ])('%s', async (_title, atTerminal, wishes, opens) => {
    const folder = mkdtempSync(join(tmpdir(), 's4u-desktop-'))
    for (const name of ['xdg-open', 'other-browser'])
      writeFileSync(join(folder, name), `#!/bin/sh\necho "$1" >'${folder}/opened'\n`, { mode: 0o755 })
    const desktop = { CI: undefined, BROWSER: undefined, WAYLAND_DISPLAY: undefined, DISPLAY: ':77' }
    const environment = { ...desktop, ...wishes, PATH: `${folder}:${process.env.PATH}` }
    const program = `exec '${process.execPath}' ${main} --page --port 0`
    const shell = atTerminal ? ['script', '-qec', program, '/dev/null'] : ['sh', '-c', program]
    const demo = await startDemo(shell[0], shell.slice(1), environment)
    const opened = () => existsSync(join(folder, 'opened')) && readFileSync(join(folder, 'opened'), 'utf8').trim()
    if (opens) await expect.poll(opened, { timeout: 5_000 }).toBe(demo.url)
    else await new Promise((resolve) => setTimeout(resolve, 500))
    expect(opened()).toBe(opens && demo.url)
    signalGroup(demo.child, 'SIGTERM')
    await expect.poll(() => fetch(demo.url).catch(() => 'gone'), { timeout: 5_000 }).toBe('gone')
    rmSync(folder, { recursive: true })
  })
})

describe('Ctrl-C leaves nothing behind', () => {
  test.each(['Installing', 'Building'])('while it is %s', async (what) => {
    await using checkout = freshCheckout(what === 'Building')
    const env = { ...process.env, PATH: `${checkout.bin}:${process.env.PATH}` }
    const stdio: StdioOptions = ['ignore', 'pipe', 'inherit']
    const child = spawn(process.execPath, [checkout.start], { cwd: checkout.folder, env, detached: true, stdio })
    let output = ''
    child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()))
    await expect.poll(checkout.pnpm, { timeout: 10_000 }).toBeGreaterThan(0)
    const pnpm = checkout.pnpm()
    expect(output).toBe(`${what} …\n`)
    const ended = once(child, 'exit')
    child.kill('SIGINT')
    expect(await ended).toEqual([130, null])
    await expect.poll(() => lives(pnpm), { timeout: 10_000 }).toBe(false)
  })
})

/**
 * As after `git clone`, or with all packages installed; its `npx` waits for ever, and notes who
 * does.
 */
function freshCheckout(installed: boolean) {
  const folder = mkdtempSync(join(tmpdir(), 's4u-checkout-'))
  const at = (...path: string[]): string => join(folder, ...path)
  for (const name of ['bin', 'examples', 'node_modules/.pnpm']) mkdirSync(at(name), { recursive: true })
  for (const name of ['examples/start.mjs', 'package.json', 'pnpm-lock.yaml']) copyFileSync(join(root, name), at(name))
  if (installed) copyFileSync(at('pnpm-lock.yaml'), at('node_modules', '.pnpm', 'lock.yaml'))
  writeFileSync(at('bin', 'npx'), `#!/bin/sh\nsleep 600 &\necho $! >'${at('pid')}'\nwait\n`, { mode: 0o755 })
  const pnpm = (): number => (existsSync(at('pid')) ? Number(readFileSync(at('pid'), 'utf8')) : 0)
  return {
    folder,
    bin: at('bin'),
    start: at('examples', 'start.mjs'),
    /** The process that pnpm would have been; 0 before it is there. */
    pnpm,
    async [Symbol.asyncDispose]() {
      if (lives(pnpm())) process.kill(pnpm(), 'SIGKILL')
      rmSync(folder, { recursive: true })
    },
  }
}

function lives(pid: number): boolean {
  try {
    return pid > 0 && process.kill(pid, 0)
  } catch {
    return false
  }
}

async function run(command: string, args: string[], environment: Record<string, string | undefined> = {}) {
  const env = { ...process.env, NO_COLOR: '1', ...environment }
  const child = spawn(command, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const [status]: (number | null)[] = await once(child, 'close')
  return { status, output }
}
