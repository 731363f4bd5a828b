import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { closeSection } from './changelog.mjs'
import { isPermitted, notPermitted } from './licences.mjs'
import { isAbove, manifestPaths, readManifest, setVersion } from './version.mjs'

describe('the section of the changelog', () => {
  const changelog = '# Changelog\n\n## 0.2.0 (not released)\n\n- a new thing\n\n## 0.1.0 (2026-01-05)\n\n- first\n'

  test('gets its date, and is the text of the release', () => {
    expect(closeSection(changelog, '0.2.0', '2026-12-01')).toEqual({
      changelog: changelog.replace('(not released)', '(2026-12-01)'),
      text: '- a new thing',
    })
  })

  test.each([
    ['of another version', changelog, '0.3.0', 'the first section is "## 0.2.0 (not released)"'],
    ['that is released already', changelog.replace('not released', '2026-11-01'), '0.2.0', 'the first section is'],
    ['that is missing', '# Changelog\n', '0.2.0', 'the first section is "missing"'],
    ['that says nothing', changelog.replace('- a new thing\n', ''), '0.2.0', 'says nothing'],
  ])('%s is refused', (_what, text, version, message) => {
    expect(() => closeSection(text, version, '2026-12-01')).toThrow(message)
  })
})

describe('the version', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 's4u-release-'))
    const write = (path: string, manifest: object) => {
      mkdirSync(join(folder, path), { recursive: true })
      writeFileSync(join(folder, path, 'package.json'), `${JSON.stringify(manifest, undefined, 2)}\n`)
    }
    write('.', { name: 's4u', version: '0.1.0' })
    write('packages/krb5', { name: '@s4u/krb5', version: '0.1.0', dependencies: { other: '0.1.0' } })
    write('packages/kerberos', { name: '@s4u/kerberos', version: '7.0.0' })
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  test('is written into every manifest but those with a line of their own, and nowhere else', () => {
    setVersion(folder, '0.2.0')
    const versions = manifestPaths(folder).map((path) => readManifest(path).version)
    expect(versions.sort()).toEqual(['0.2.0', '0.2.0', '7.0.0'])
    expect(readManifest(join(folder, 'packages/krb5/package.json'))).toMatchObject({ dependencies: { other: '0.1.0' } })
  })

  test.each(['0.1.0', '0.0.9', '0.1.0-rc.1', 'v0.2.0', '0.2', '../x'])('is refused if it is %s', (version) => {
    const before = readFileSync(join(folder, 'package.json'), 'utf8')
    expect(() => setVersion(folder, version)).toThrow(version)
    expect(readFileSync(join(folder, 'package.json'), 'utf8')).toBe(before)
  })

  test('is compared as Semantic Versioning does', () => {
    const order = [
      '1.0.0-alpha',
      '1.0.0-alpha.1',
      '1.0.0-alpha.beta',
      '1.0.0-beta',
      '1.0.0-beta.2',
      '1.0.0-beta.11',
      '1.0.0-rc.1',
      '1.0.0',
      '1.0.1',
      '1.2.0',
      '1.10.0',
      '2.0.0',
    ]
    for (const [at, version] of order.entries())
      for (const [other, against] of order.entries())
        expect([version, against, isAbove(version, against)]).toEqual([version, against, at > other])
  })
})

describe('licences', () => {
  test('that ask for their notice alone are permitted, also as a choice', () => {
    for (const one of ['MIT', '(MIT OR GPL-3.0)', 'MIT AND ISC', 'Apache-2.0'])
      expect([one, isPermitted(one)]).toEqual([one, true])
  })

  test('others are named with their package', () => {
    const found = notPermitted({
      MIT: [{ name: 'a' }],
      'GPL-3.0': [{ name: 'b' }, { name: 'c' }],
      Unknown: [{ name: 'd' }],
    })
    expect(found).toEqual(['b: GPL-3.0', 'c: GPL-3.0', 'd: Unknown'])
    for (const one of [
      'MIT AND GPL-3.0',
      'UNLICENSED',
      'SEE LICENSE IN x',
      '(MIT AND (ISC OR GPL-2.0))',
      '',
      'AGPL-3.0-only',
    ])
      expect([one, isPermitted(one)]).toEqual([one, false])
  })
})
