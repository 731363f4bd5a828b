import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { publint } from 'publint'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { packageNames, root } from './sources.js'

/**
 * What attw reports and we accept, with the reason. `cjs-resolves-to-esm`: the packages are ESM only; every Node we
 * support can `require()` an ES module. `node10`: that resolution knows no `exports`, and no supported Node has it.
 */
const accepted = new Set(['CJSResolvesToESM node16-cjs', 'NoResolution node10'])

const folder = mkdtempSync(join(tmpdir(), 's4u-pack-'))

beforeAll(() => {
  const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const filters = packageNames.map((name) => `--filter=@s4u/${name}`)
  execFileSync('npx', ['-y', packageManager, ...filters, '-r', 'pack', '--pack-destination', folder], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe.each(packageNames)('%s, as it would be published', (name) => {
  const tarball = (): Uint8Array<ArrayBuffer> => {
    const file = readdirSync(folder).find((entry) => entry.replace(/-\d+\.\d+\.\d+.*$/, '') === `s4u-${name}`)
    if (file === undefined) throw new Error(`@s4u/${name} was not packed`)
    return new Uint8Array(readFileSync(join(folder, file)))
  }

  test('publint finds nothing', async () => {
    const { messages } = await publint({ pack: { tarball: tarball().buffer }, strict: true })
    expect(messages.map((message) => `${message.type}: ${message.code} at ${message.path.join('.')}`)).toEqual([])
  })

  test('its types are right in every supported kind of resolution', async () => {
    const analysis = await checkPackage(createPackageFromTarballData(tarball()), {
      excludeEntrypoints: ['package.json'],
    })
    if (!analysis.types) throw new Error('the package carries no types')
    const problems = analysis.problems.map((problem) =>
      'resolutionKind' in problem ? `${problem.kind} ${problem.resolutionKind}` : problem.kind,
    )
    expect(problems.filter((problem) => !accepted.has(problem))).toEqual([])
  })

  test('carries its license, no test, and no link into the workspace', () => {
    const packed = createPackageFromTarballData(tarball())
    const files = packed.listFiles()
    expect(files.filter((path) => /\.test\.|tsbuildinfo/.test(path))).toEqual([])
    expect(files).toContain(`/node_modules/@s4u/${name}/LICENSE`)
    expect(packed.readFile(`/node_modules/@s4u/${name}/package.json`)).not.toContain('workspace:')
  })
})
