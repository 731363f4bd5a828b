import { createPackageFromTarballData } from '@arethetypeswrong/core'
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { faultsOfTarball } from '../release/tarball-rules.mjs'
import { type Packed, packAll } from './packing.js'
import { packageNames } from './sources.js'

let packed: Packed
beforeAll(() => {
  packed = packAll()
})
afterAll(() => packed.remove())

describe.each(packageNames)('%s, as it would be published', (name) => {
  const tarball = (): Uint8Array<ArrayBuffer> => new Uint8Array(readFileSync(packed.tarballOf(name)))

  test('publint and attw find nothing, and its manifest says where it comes from', async () => {
    expect(await faultsOfTarball(tarball())).toEqual([])
  })

  test('carries its license, no test, and no link into the workspace', () => {
    const packed = createPackageFromTarballData(tarball())
    const files = packed.listFiles()
    expect(files.filter((path) => /\.test\.|tsbuildinfo/.test(path))).toEqual([])
    expect(files).toContain(`/node_modules/@s4u/${name}/LICENSE`)
    expect(packed.readFile(`/node_modules/@s4u/${name}/package.json`)).not.toContain('workspace:')
  })
})
