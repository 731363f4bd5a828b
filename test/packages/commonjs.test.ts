import { spawnSync } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createTestRealm } from '@s4u/test-kdc'
import { installPacked, type Packed, packAll } from './packing.js'
import { root } from './sources.js'

/**
 * What docs/commonjs.md tells CommonJS projects to write is written into one, on the packed
 * packages, and run.
 */

const page = readFileSync(join(root, 'docs/commonjs.md'), 'utf8')
const tools = join(root, 'test/commonjs')
let packed: Packed
let project: string

beforeAll(async () => {
  packed = packAll()
  project = installPacked(packed, tools)
  const services = { web: { spns: ['HTTP/web.ad.test'] } }
  const realm = await createTestRealm({ realm: 'AD.TEST', users: {}, services })
  write('web.keytab', realm.keytabFile('web'))
})
afterAll(() => {
  packed.remove()
  rmSync(project, { recursive: true, force: true })
})

test('a CommonJS program requires a package', () => {
  write('server.cjs', `${blockOf('server.cjs')}\nconsole.log(typeof negotiate)`)
  expect(run(process.execPath, ['server.cjs'])).toEqual({ output: 'function\n', status: 0 })
})

describe('TypeScript', () => {
  const program = (load: string): string => `
    import express from 'express'
    ${load}
    async function main(): Promise<void> {
      LATER
      const app = express().use(negotiate({ keytab: 'web.keytab' }))
      app.get('/', (req, res) => void res.send(req.identity.principal))
      console.log(typeof negotiate)
    }
    void main()
  `
  const atTop = program("import { negotiate } from '@s4u/express'").replace('LATER', '')
  const later = program("import type {} from 'express'").replace('LATER', code("await import('@s4u/express')"))
  const older = join(tools, 'node_modules/typescript/bin/tsc')
  const newer = join(root, 'node_modules/typescript/bin/tsc')

  test.each([
    ['before 5.8, commonjs and node10', older, 'commonjs', 'node10', atTop],
    ['before 5.8, node16', older, 'node16', 'node16', later],
    ['before 5.8, nodenext', older, 'nodenext', 'nodenext', later],
    ['5.8 and newer, nodenext', newer, 'nodenext', 'nodenext', atTop],
  ])('compiles what the page says: %s', (_name, compiler, module, moduleResolution, text) => {
    write('app.ts', text)
    const options = { module, moduleResolution, target: 'es2022', strict: true, esModuleInterop: true }
    const lib = ['es2023', 'esnext.disposable']
    write('tsconfig.json', JSON.stringify({ compilerOptions: { ...options, lib, types: ['node'] }, files: ['app.ts'] }))
    expect(run(process.execPath, [compiler, '-p', '.'])).toEqual({ output: '', status: 0 })
    expect(run(process.execPath, ['app.js'])).toEqual({ output: 'function\n', status: 0 })
  })

  test('before 5.8, node16 refuses an import at the top, as the page says', () => {
    write('app.ts', atTop)
    const flags = '--module node16 --moduleResolution node16 --target es2022 --esModuleInterop'.split(' ')
    expect(run(process.execPath, [older, ...flags, '--noEmit', '--skipLibCheck', 'app.ts']).output).toContain('TS1479')
  })
})

describe('Jest', () => {
  const jest = join(tools, 'node_modules/jest/bin/jest.js')

  test('runs tests that are ES modules without a transformation', () => {
    write('jest.config.mjs', blockOf('jest.config.mjs'))
    write('whoami.test.mjs', blockOf('whoami.test.mjs'))
    const flags = ['--experimental-vm-modules', jest, '--config', 'jest.config.mjs']
    expect(run(process.execPath, flags).output).toMatch(/Tests: +1 passed, 1 total/)
  })

  test('runs tests in TypeScript with ts-jest', () => {
    for (const name of ['jest.config.cjs', 'whoami.test.ts']) write(name, blockOf(name))
    // JSON as compilers take it may have no comment in its first line.
    write('tsconfig.jest.json', blockOf('tsconfig.jest.json').replace(/^.*\n/, ''))
    expect(run(process.execPath, [jest, '--config', 'jest.config.cjs']).output).toMatch(/Tests: +1 passed, 1 total/)
  })
})

/** A block of the page, by the file name in its first line. */
function blockOf(name: string): string {
  const blocks = [...page.matchAll(/^```\w+\n(\/\/ (\S+)\n[\s\S]*?)^```$/gm)]
  const found = blocks.find((block) => block[2] === name)
  if (found === undefined) throw new Error(`docs/commonjs.md has no block ${name}`)
  return found[1]
}

/** A line of code that the page names, as it stands there. */
function code(part: string): string {
  const found = [...page.matchAll(/`([^`\n]+)`/g)].find((match) => match[1].includes(part))
  if (found === undefined) throw new Error(`docs/commonjs.md does not say ${part}`)
  return found[1]
}

function write(name: string, content: string | Uint8Array): void {
  writeFileSync(join(project, name), content)
}

function run(command: string, args: readonly string[]): { output: string; status: number | null } {
  const env = { ...process.env, NO_COLOR: '1', NODE_NO_WARNINGS: '1', NODE_OPTIONS: '', CI: 'true' }
  const { stdout, stderr, status } = spawnSync(command, args, { cwd: project, env, encoding: 'utf8', timeout: 100_000 })
  return { output: stdout + stderr, status }
}
