import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { groupLives, root, signalGroup, startDemo } from '../interop/demo-process.js'

/** `npm start`, as people and their CI run it. */

const main = 'examples/demo/main.mjs'

test('npm start tells the story as text where nobody looks, and ends well', { timeout: 120_000 }, async () => {
  const { status, output } = await run('npm', ['start'], { CI: 'true' })
  expect(output).toMatch(/She looks at her orders/)
  expect(output).toMatch(/web +→ api .*HTTP\/api\.ad\.test/)
  expect(output).toMatch(/data sees alice@AD\.TEST .* through HTTP\/web\.ad\.test@AD\.TEST, then HTTP\/api\.ad\.test/)
  expect(output).toMatch(/DelegationRefusedError KDC_ERR_BADOPTION/)
  expect(output).toMatch(/11 of 11 scenes went as they should\n$/)
  expect(output).not.toContain('WRONG')
  expect(status).toBe(0)
})

test('a story that goes wrong says where, and ends with another status', async () => {
  const program = `
    import { createWorld } from './examples/demo/world.mjs'
    import { tell } from './examples/demo/story.mjs'
    const world = await createWorld()
    world.realm.change('carol', { sensitive: false })
    world.realm.change('svc-archive', { allowedToActOnBehalfOf: [] })
    const right = await tell(world)
    await world.close()
    process.exitCode = right ? 0 : 1`
  const { status, output } = await run(process.execPath, ['--input-type=module', '-e', program])
  expect(output).toMatch(/WRONG: status is 403, expected 200/)
  expect(output).toMatch(/9 of 11 scenes/)
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

async function run(command: string, args: string[], environment: Record<string, string> = {}) {
  const env = { ...process.env, NO_COLOR: '1', ...environment }
  const child = spawn(command, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const [status]: (number | null)[] = await once(child, 'close')
  return { status, output }
}
