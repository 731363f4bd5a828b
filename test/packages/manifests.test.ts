import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { packageNames, readManifest, root } from './sources.js'

/** A package that stands in for another one has the version of the API that it replaces. */
const VERSION_LINES: Readonly<Record<string, RegExp>> = { kerberos: /^7\.\d+\.\d+$/ }

const workspace = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

describe.each(packageNames)('the manifest of %s', (name) => {
  const manifest = readManifest(name)

  test('says what every manifest says', () => {
    expect(manifest).toMatchObject({
      name: `@s4u/${name}`,
      version: VERSION_LINES[name] ? expect.stringMatching(VERSION_LINES[name]) : workspace.version,
      license: 'MIT',
      type: 'module',
      sideEffects: false,
      engines: workspace.engines,
      // What `moduleResolution: node10` of older compilers reads; it knows no `exports`.
      main: './dist/index.js',
      types: './dist/index.d.ts',
      exports: {
        '.': { '@s4u/source': './src/index.ts', types: './dist/index.d.ts', default: './dist/index.js' },
        './package.json': './package.json',
      },
    })
  })

  test('says where it comes from, who may install it, and what people search for', () => {
    const { homepage, bugs, repository } = workspace
    expect(manifest).toMatchObject({
      homepage: homepage.replace('#readme', `/tree/main/packages/${name}#readme`),
      bugs,
      repository: { ...repository, directory: `packages/${name}` },
      publishConfig: { access: 'public' },
    })
    expect(manifest.keywords).toEqual(expect.arrayContaining(['kerberos', 'active-directory', 'negotiate']))
    expect(manifest.description).toMatch(/^\S.{20,}[^.]$/)
  })

  test('is built by commands that Windows has too', () => {
    expect(manifest.scripts?.build).toMatch(
      /^node -e "[^']*(?:'[^"' ]+'[^']*)*" && tsc -p tsconfig\.build\.json && node \.\.\/\.\.\/test\/release\/one-file\.mjs$/,
    )
  })

  test('runs nothing at installation', () => {
    const scripts = Object.keys(manifest.scripts ?? {})
    expect(scripts.filter((script) => /^(pre|post)?(install|prepare|publish|pack)/.test(script))).toEqual([])
  })

  test('has a README that says how to install it, with the framework that it is for, and leads to the changelog', () => {
    const readme = readFileSync(join(root, 'packages', name, 'README.md'), 'utf8')
    expect(readme).toMatch(new RegExp(`^# @s4u/${name}$`, 'm'))
    const peers = Object.keys(manifest.peerDependencies ?? {})
    const installed = /```sh\nnpm install (?:--save-dev )?(.*)\n```/.exec(readme)?.[1]
    expect(installed?.split(' ')).toEqual([`@s4u/${name}`, ...peers])
    expect(readme).toContain('[What has changed](../../CHANGELOG.md)')
  })
})

test('the changelog has the version of the packages, and what comes next above it', () => {
  const versions = readFileSync(join(root, 'CHANGELOG.md'), 'utf8').match(/^## .*$/gm) ?? []
  expect(versions.map((line) => line.replace(/ \(not released\)$/, ''))).toContain(`## ${workspace.version}`)
  expect(versions.slice(1).filter((line) => line.includes('not released'))).toEqual([])
})
