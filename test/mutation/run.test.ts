import { spawnSync } from 'node:child_process'
import { existsSync, lstatSync, readFileSync, realpathSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { makeWorkingCopy } from './working-copy.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))

const run = (...args: string[]) => {
  const { status, stdout } = spawnSync(process.execPath, ['test/mutation/run.mjs', ...args], {
    cwd: root,
    encoding: 'utf8',
  })
  return { status, stdout }
}

test('the working copy is what is changed: a package finds the copies of its siblings, and the tools of the repository', () => {
  const copy = makeWorkingCopy(root)
  try {
    const sibling = realpathSync(join(copy.path, 'packages/gssapi/node_modules/@s4u/krb5'))
    expect(sibling).toBe(join(copy.path, 'packages/krb5'))
    expect(realpathSync(join(copy.path, 'node_modules'))).toBe(realpathSync(join(root, 'node_modules')))
    const file = 'packages/gssapi/src/framing/oids.ts'
    expect(lstatSync(join(copy.path, file)).isFile()).toBe(true)
    const before = readFileSync(join(root, file), 'utf8')
    writeFileSync(join(copy.path, file), 'changed')
    expect(readFileSync(join(root, file), 'utf8')).toBe(before)
  } finally {
    copy.remove()
  }
  expect(existsSync(copy.path)).toBe(false)
  expect(existsSync(join(root, 'node_modules/vitest'))).toBe(true)
})

test('a name that leads nowhere is told, with what may be named', () => {
  expect(run('packages/nobody')).toEqual({
    status: 1,
    stdout: 'FAILED  packages/nobody: name a package (packages/gssapi), or a folder or a file below its src\n',
  })
})

test('a number of workers that is none is told', () => {
  expect(run('--workers', 'all', 'packages/gssapi')).toEqual({
    status: 1,
    stdout: 'FAILED  --workers takes a number, not all\n',
  })
})

test('an option that is none is told', () => {
  const { status, stdout } = run('--quick')
  expect(status).toBe(1)
  expect(stdout).toMatch(/^FAILED {2}Unknown option '--quick'/)
})
