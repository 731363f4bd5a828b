import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { describe, expect, test } from 'vitest'
import { codeOf, listFiles, readSources, root, stemOf } from './sources.js'

const topLevel = [
  '.ci',
  '.gitignore',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'LICENSE',
  'NOTICE',
  'README.md',
  'SECURITY.md',
  'docs',
  'examples',
  'package.json',
  'packages',
  'pnpm-lock.yaml',
  'pnpm-workspace.yaml',
  'test',
  'tsconfig.json',
  'turbo.json',
]

/** Made by tools, kept out of the repository by .gitignore. */
const generated = ['.git', '.turbo', 'node_modules']

const sources = ['packages', 'test', 'examples'].flatMap((folder) => readSources(folder))
const self = 'test/packages/layout.test.ts'

test('the top level holds what it should and nothing else', () => {
  expect(topLevelEntries()).toEqual(topLevel)
})

test('no file is named after nothing in particular', () => {
  const files = ['packages', 'test', 'examples'].flatMap((folder) => listFiles(join(root, folder)))
  const vague = files.filter((path) => /^(utils?|helpers?|common|types?|misc|shared|lib)$/.test(stemOf(path)))
  expect(vague.map((path) => relative(root, path))).toEqual([])
})

test('file names are kebab-case', () => {
  const odd = sources.map((file) => file.path).filter((path) => !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(stemOf(path)))
  expect(odd).toEqual([])
})

describe('no source file', () => {
  const others = sources.filter((file) => file.path !== self)

  test('says any', () => {
    const any = /(?:[:<,|&=(]|\bas)\s*any\b(?!\s*[:(=])|\bany\[\]/
    expect(others.filter((file) => any.test(codeOf(file.text))).map((file) => file.path)).toEqual([])
  })

  test('silences the compiler or the linter for a whole file', () => {
    const silenced = /@ts-(?:ignore|nocheck)|(?:oxlint|eslint)-disable(?!-(?:next-)?line)/
    expect(others.filter((file) => silenced.test(file.text)).map((file) => file.path)).toEqual([])
  })

  test('leaves a test out, or runs one alone', () => {
    const partial = /\b(?:describe|test|it|suite|bench)(?:\.\w+)*\.(?:only|skip|todo|fails)\b/
    expect(others.filter((file) => partial.test(codeOf(file.text))).map((file) => file.path)).toEqual([])
  })
})

test('the lock file names no registry', () => {
  expect(readFileSync(join(root, 'pnpm-lock.yaml'), 'utf8')).not.toMatch(/https?:\/\/|tarball:/)
})

/** What the repository tracks, or, in a copy without git, what lies there and is not generated. */
function topLevelEntries(): string[] {
  const present = readdirSync(root).filter((name) => !generated.includes(name) && !name.endsWith('.log'))
  try {
    const args = ['ls-files', '-z', '--cached', '--others', '--exclude-standard']
    const tracked = execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
    const names = tracked.split('\0').filter((path) => path !== '')
    return names.length === 0 ? present.sort() : [...new Set(names.map((path) => path.split('/')[0]))].sort()
  } catch {
    return present.sort()
  }
}
