import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core'
import { readFileSync } from 'node:fs'
import { publint } from 'publint'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Packed, packAll } from './packing.js'
import { packageNames } from './sources.js'

/**
 * What attw reports and we accept, with the reason. `cjs-resolves-to-esm`: the packages are ESM
 * only; every Node we support can `require()` an ES module (docs/commonjs.md, and commonjs.test.ts
 * beside this file).
 */
const accepted = new Set(['CJSResolvesToESM node16-cjs'])

let packed: Packed
beforeAll(() => {
  packed = packAll()
})
afterAll(() => packed.remove())

describe.each(packageNames)('%s, as it would be published', (name) => {
  const tarball = (): Uint8Array<ArrayBuffer> => new Uint8Array(readFileSync(packed.tarballOf(name)))

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
