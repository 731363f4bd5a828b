import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { everyRow, tiers, WRITE_LAYERS } from './layers.js'
import type { PackageRow } from './layers.js'
import { readManifest, root } from './sources.js'

// Generated from layers.ts: with `-u` these tests write, without it they compare.

test('the lint rules allow the imports of layers.ts', async () => {
  const rules = { overrides: [...everyRow.map(ofPackage), ...everyRow.flatMap(ofSeam)] }
  await expect(`${JSON.stringify(rules, null, 2)}\n`).toMatchFileSnapshot(join(root, 'test/oxlint-layers.json'))
})

test('README.md has a line for each package, with the description in its package.json', async () => {
  const lines = everyRow.map(([name]) => `| [\`@s4u/${name}\`](packages/${name}) | ${readManifest(name).description} |`)
  await expectPart('README.md', 'packages', ['| package | what it is |', '| --- | --- |', ...lines])
})

test('CONTRIBUTING.md has the tiers, and what each package may import', async () => {
  const width = Math.max(...Object.keys(tiers).map((tier) => tier.length)) + 4
  const drawn = Object.entries(tiers).map(([tier, packages]) => tier.padEnd(width) + Object.keys(packages).join(' · '))
  const lines = everyRow.map(([name, row]) => `| \`${name}\` | ${importsInPrint(row)} | ${row.because ?? ''} |`)
  const table = ['| package | may import | because |', '| --- | --- | --- |', ...lines]
  await expectPart('CONTRIBUTING.md', 'layers', ['```', ...drawn, '```', '', ...table])
})

test('the project of a consumer compiles every package', async () => {
  const named = everyRow.map(([name]) => ({
    name,
    variable: name.replace(/-(.)/g, (_, letter) => letter.toUpperCase()),
  }))
  const names = named.sort((a, b) => (a.name < b.name ? -1 : 1))
  const module = [
    '// Made from test/packages/layers.ts, see there.',
    ...names.map(({ name, variable }) => `import * as ${variable} from '@s4u/${name}'`),
    '',
    // One on each line, as the formatter has a list that is longer than a line.
    `export const packages: object[] = [\n${names.map(({ variable }) => `  ${variable},\n`).join('')}]`,
    '',
  ]
  await expect(module.join('\n')).toMatchFileSnapshot(join(root, 'test/types/packages.ts'))
})

test('the tests have every package among their dependencies', () => {
  const { devDependencies } = JSON.parse(readFileSync(join(root, 'test/package.json'), 'utf8'))
  const siblings = Object.keys(devDependencies).filter((name) => name.startsWith('@s4u/'))
  expect(siblings).toEqual(everyRow.map(([name]) => `@s4u/${name}`).sort())
})

/** Compares what stands in a page between `<!-- NAME: … -->` and `<!-- /NAME -->`. */
async function expectPart(page: string, name: string, lines: readonly string[]): Promise<void> {
  const path = join(root, page)
  const [before, rest] = split(readFileSync(path, 'utf8'), new RegExp(`<!-- ${name}:.*?-->`))
  const [, after] = split(rest, new RegExp(`<!-- /${name} -->`))
  const open = `<!-- ${name}: made from test/packages/layers.ts by: ${WRITE_LAYERS} -->`
  const part = [open, '', ...lines, '', `<!-- /${name} -->`].join('\n')
  await expect(`${before}${part}${after}`).toMatchFileSnapshot(path)
}

function split(text: string, mark: RegExp): [string, string] {
  const found = mark.exec(text)
  if (found === null) throw new Error(`no ${mark} in the page`)
  return [text.slice(0, found.index), text.slice(found.index + found[0].length)]
}

function importsInPrint({ siblings, others = [] }: PackageRow): string {
  return [...siblings, ...others].map((name) => `\`${name}\``).join(', ') || 'nothing'
}

const DEEP = {
  regex: '^@s4u/[^/]+/|/(src|dist)/',
  message: 'Import a package by its name; what its index does not export is private.',
}

function siblingRule(name: string, { siblings }: PackageRow): object {
  const allowed = siblings.map((sibling) => `@s4u/${sibling}`)
  const message = `@s4u/${name} imports ${allowed.length === 0 ? 'no sibling' : `only: ${allowed.join(', ')}`}.`
  return { group: ['@s4u/*', ...allowed.map((sibling) => `!${sibling}`)], message }
}

const ruleFor = (files: string[], patterns: object[]): object => ({
  files,
  rules: { 'no-restricted-imports': ['error', { patterns }] },
})

function ofPackage([name, row]: readonly [string, PackageRow]): object {
  const platform = row.seams && {
    group: ['node:*', 'node:*/*'],
    message: `No platform here: pass it in, or go through ${row.seams.map(({ condition }) => condition).join(' or ')}.`,
  }
  const patterns = [DEEP, siblingRule(name, row), ...(platform ? [platform] : [])]
  return ruleFor([`**/packages/${name}/src/**/*.ts`], patterns)
}

/** The seams of a package, and its tests, may know the platform. */
function ofSeam([name, row]: readonly [string, PackageRow]): object[] {
  if (row.seams === undefined) return []
  const seams = row.seams.map(({ file }) => `**/packages/${name}/src/${file}`)
  const files = [...seams, `**/packages/${name}/src/**/*.test.ts`]
  return [ruleFor(files, [DEEP, siblingRule(name, row)])]
}
