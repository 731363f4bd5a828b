import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { Guide } from './guide.js'

/** docs/testing.md: its app, with the tests that it shows. */
const guide = new Guide('testing')
afterAll(() => guide.close())

const vitest = fileURLToPath(new URL('../../../node_modules/vitest/vitest.mjs', import.meta.url))

test('the tests for node:test pass', async () => {
  const { status, output } = await guide.run(['--test', 'app.test.mjs'])
  expect(output).toMatch(/pass 3\n/)
  expect(status).toBe(0)
}, 60_000)

test('the tests for vitest pass: the backend sees the user, and a user who must not be delegated gets 403', async () => {
  guide.write('vitest.config.mjs', `export default { root: ${JSON.stringify(join(guide.folder))} }\n`)
  const { status, output } = await guide.run([vitest, 'run', '--config', 'vitest.config.mjs', 'orders'])
  expect(output).toMatch(/Tests\s+2 passed/)
  expect(status).toBe(0)
}, 60_000)
