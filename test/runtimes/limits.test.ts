/**
 * The table of `docs/runtimes.md` says which options each runtime refuses. They are refused when
 * options are checked, and not at the request of a user.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { root } from '../packages/sources.js'
import { runtimeBinaries } from './binaries.js'
import { type RunningProgram, start } from './program.js'
import { type RuntimeSite, runtimeSite } from './site.js'

const page = readFileSync(join(root, 'docs/runtimes.md'), 'utf8')

/** The rows of the table of options: the option, and a cell for Node, Bun and Deno. */
const rows = page
  .split('## What is refused\n')[1]
  .split('\n## ')[0]
  .split('\n')
  .filter((line) => line.startsWith('| `'))
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .map(([, option, node, bun, deno]) => ({ option: option.slice(1, -1), cells: { Node: node, Bun: bun, Deno: deno } }))

let site: RuntimeSite
beforeAll(async () => {
  site = await runtimeSite()
})
afterAll(() => site[Symbol.asyncDispose]())

test('the page has a table of options', () => {
  expect(rows.length).toBeGreaterThan(5)
})

describe.each(runtimeBinaries().map((runtime) => [runtime.name, runtime] as const))('%s', (_name, runtime) => {
  let program: RunningProgram
  beforeAll(() => {
    program = start(runtime, site, ['programs/limits.mjs', site.settingsFile], inject('runtimesProject'))
  })
  afterAll(() => program.end())

  test.each(rows)('$option', async ({ option, cells }) => {
    const message = JSON.parse(await program.said(`${option}:`))
    if (cells[runtime.kind] === 'refused') {
      // The error says what is not possible, and on which runtime.
      expect(message).toMatch(new RegExp(`^ConfigurationError: .* not possible on ${runtime.kind}\\b`))
    } else expect(message).toBeNull()
  })
})
