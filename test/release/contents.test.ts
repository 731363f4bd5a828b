import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { packageNames, root } from '../packages/sources.js'
import { BUDGET, kilobytesOf } from './budget.mjs'
import { comesWith, readLock } from './lock-file.mjs'
import { sbomOf } from './sbom.mjs'
import { differingFiles, filesIn } from './tar-files.mjs'
import { faultsOfManifest } from './tarball-rules.mjs'

describe('a tarball', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 's4u-tar-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  const pack = (name: string, files: Record<string, string>): Uint8Array => {
    const path = join(folder, name)
    mkdirSync(path)
    for (const [file, content] of Object.entries(files)) writeFileSync(join(path, file), content)
    execFileSync('tar', ['--format=ustar', '-czf', `${path}.tgz`, '-C', path, ...Object.keys(files)])
    return readFileSync(`${path}.tgz`)
  }
  const long = `${'a-long-name'.repeat(8)}.js`

  test('is read file by file, and its size is that of its files', () => {
    const tarball = pack('one', { 'index.js': 'x'.repeat(1_500), [long]: '', 'b.js': '1' })
    expect(filesIn(tarball).map(({ path, size }) => [path, size])).toEqual([
      ['index.js', 1_500],
      [long, 0],
      ['b.js', 1],
    ])
    expect(kilobytesOf(tarball)).toBe(2)
  })

  test('that differs from another one tells in which files', () => {
    const one = pack('one', { 'index.js': '1', 'same.js': '2', 'gone.js': '3' })
    const other = pack('other', { 'index.js': '0', 'same.js': '2', 'new.js': '3' })
    expect(differingFiles(one, other)).toEqual(['index.js', 'gone.js', 'new.js'])
    expect(differingFiles(one, one)).toEqual(['(the order or the headers)'])
  })

  test('has a budget, for each package', () => {
    expect(packageNames.filter((name) => BUDGET[name] === undefined)).toEqual([])
  })
})

describe('a manifest', () => {
  const good = {
    name: '@s4u/x',
    version: '0.2.0',
    license: 'MIT',
    repository: { type: 'git', url: 'git+https://github.com/s4u/s4u.git', directory: 'packages/x' },
    publishConfig: { access: 'public', provenance: true },
    engines: { node: '>=20.19' },
    dependencies: { undici: '^7.0.0' },
  }

  test('that says where it comes from has no fault', () => {
    expect(faultsOfManifest(good)).toEqual([])
  })

  test.each([
    [{ license: 'GPL-3.0' }, 'license is not MIT'],
    [{ private: true }, 'it is private'],
    [{ repository: { url: 'git+https://github.com/s4u/s4u.git' } }, 'repository has no url'],
    [{ repository: undefined }, 'repository has no url'],
    [{ publishConfig: { access: 'restricted', provenance: true } }, 'publishConfig.access is not public'],
    [{ publishConfig: { access: 'public' } }, 'publishConfig.provenance is not true'],
    [{ engines: {} }, 'engines.node is missing'],
    [{ scripts: { postinstall: 'node x.js' } }, 'scripts.postinstall would run at its users'],
    [{ dependencies: { '@s4u/krb5': 'workspace:^' } }, 'dependencies.@s4u/krb5 is workspace:^'],
    [{ optionalDependencies: { a: 'git+ssh://x' } }, 'optionalDependencies.a is git+ssh://x'],
    [{ dependencies: { a: '*' } }, 'dependencies.a is *'],
  ])('with %j is refused', (change, fault) => {
    expect(faultsOfManifest({ ...good, ...change })).toEqual([expect.stringContaining(fault)])
  })
})

describe('what is installed with the packages', () => {
  const lock = readLock(root)

  test('is read for every package from the lock file', () => {
    expect([...lock.ours.keys()].sort()).toEqual([...packageNames].sort())
    const ofKrb5 = comesWith(lock, 'krb5').map((id) => id.replace(/(?<=.)@.*$/, ''))
    expect(ofKrb5).toEqual(['@noble/ciphers', '@noble/hashes', '@peculiar/utils', 'asn1js'])
  })

  test('is in the bill of materials, with hashes, licences and who needs what', () => {
    const text = sbomOf('0.2.0', lock, new Map([['krb5', '0.2.0']]), () => 'MIT')
    expect(sbomOf('0.2.0', lock, new Map([['krb5', '0.2.0']]), () => 'MIT')).toBe(text)
    const bom = JSON.parse(text)
    expect(bom).toMatchObject({ bomFormat: 'CycloneDX', specVersion: '1.6', metadata: { component: { name: 's4u' } } })
    const of = (name: string) => bom.components.find((one: { name: string }) => one.name === name)
    expect(of('krb5')).toMatchObject({ group: '@s4u', version: '0.2.0', purl: 'pkg:npm/%40s4u/krb5@0.2.0' })
    const integrity = lock.others.get(`asn1js@${of('asn1js').version}`)?.integrity
    expect(of('asn1js').hashes).toEqual([
      { alg: 'SHA-512', content: Buffer.from(integrity?.slice(7) ?? '', 'base64').toString('hex') },
    ])
    const needs = bom.dependencies.find(({ ref }: { ref: string }) => ref === '@s4u/krb5@0.2.0')?.dependsOn
    expect(needs).toEqual(comesWith(lock, 'krb5').filter((id) => !id.startsWith('@peculiar')))
    expect(bom.components.length).toBe(lock.ours.size + lock.others.size)
  })
})
