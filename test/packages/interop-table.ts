import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** What a test shows: of which KDCs, and what they do. */
export interface Shown {
  readonly behaviour: string
  readonly kdc: Kdc
  readonly value: string
  /** The file, relative to the folder of the table. */
  readonly file: string
  readonly test: string
}

export const kdcs = ['Samba 4.17', 'Samba 4.22', 'MIT 1.20', 'MIT 1.21', 'Heimdal 7.8', 'embedded'] as const
export type Kdc = (typeof kdcs)[number]

const kdcOfRealm: Record<string, Kdc> = {
  CORP: 'Samba 4.17',
  PARTNER: 'Samba 4.17',
  NEWCORP: 'Samba 4.22',
  NEWPARTNER: 'Samba 4.22',
  EAST: 'MIT 1.20',
  WEST: 'MIT 1.20',
  PLAIN: 'MIT 1.20',
  NEWEAST: 'MIT 1.21',
  NORTH: 'Heimdal 7.8',
  SOUTH: 'Heimdal 7.8',
  embedded: 'embedded',
}

/**
 * What tests say in comments of the form `behaviour: NAME = VALUE`, each above its test. It is true
 * of the realms that the suite around runs for; one that is not, or that does otherwise, is named:
 * `behaviour: NAME = CORP: VALUE, EAST: VALUE`.
 */
export function shownBy(folder: string, base: string): Shown[] {
  const files = readdirSync(join(base, folder), { recursive: true, encoding: 'utf8' })
  return files
    .filter((file) => file.endsWith('.test.ts') && !file.includes('node_modules'))
    .sort()
    .flatMap((file) => shownInFile(join(folder, file), readFileSync(join(base, folder, file), 'utf8')))
}

function shownInFile(file: string, text: string): Shown[] {
  let realms: readonly string[] = []
  return text.split('\n').flatMap((line, index, lines) => {
    realms = realmsOf(line) ?? realms
    const marker = /^\s*\/\/ behaviour: (.+?) = (.+)$/.exec(line)
    if (marker === null) return []
    const [, behaviour, said] = marker
    const test = testAfter(lines, index)
    if (test === undefined) throw new Error(`${file}: no test follows “${behaviour}”`)
    return valuesOf(said, realms).map(([realm, value]) => {
      const kdc = kdcOfRealm[realm]
      if (kdc === undefined) throw new Error(`${file}: “${behaviour}” names ${realm}, which is no realm`)
      return { behaviour, kdc, value, file, test }
    })
  })
}

/**
 * The loop over realms around a suite, or the first realm of the suite itself: the others are what
 * it needs besides.
 */
function realmsOf(line: string): readonly string[] | undefined {
  const loop = /^\s*for \(const (?:key|\[key\b.*\]) of \[(.*)\] as const\)/.exec(line)
  const literals = (list: string): string[] => [...list.matchAll(/'([A-Z]+)'/g)].map(([, name]) => name)
  if (loop !== null) return literals(loop[1])
  const suite = /describeRealms\(.*, \['([A-Z]+)'/.exec(line)
  return suite === null ? undefined : [suite[1]]
}

function valuesOf(said: string, realms: readonly string[]): readonly (readonly [string, string])[] {
  if (!/^\w+: /.test(said)) {
    if (realms.length === 0) throw new Error(`nobody knows of which realm “${said}” is said`)
    return realms.map((realm) => [realm, said])
  }
  return said.split(/, (?=\w+: )/).map((part) => {
    const [realm, ...value] = part.split(': ')
    return [realm, value.join(': ')]
  })
}

/** The next line that is no comment must begin a test; the title may stand some lines below. */
function testAfter(lines: readonly string[], index: number): string | undefined {
  const next = lines.slice(index + 1).findIndex((line) => !/^\s*\/\//.test(line))
  const rest = lines.slice(index + 1 + next, index + 20 + next)
  if (!/^\s*test(?:\.each)?\(/.test(rest[0] ?? '')) return undefined
  const title = /(?:^\s*test\(|^\s*test\.each\(.*\)\(|^\s*\]\)\(|^\s*)(['`])(.*?)\1,/
  return rest.map((line) => title.exec(line)?.[2]).find((found) => found !== undefined)
}

/**
 * A row for each behaviour, in the order of their names. @throws when two tests say different
 * things of one KDC
 */
export function tableOf(shown: readonly Shown[]): string {
  const names = [...new Set(shown.map(({ behaviour }) => behaviour))].sort((one, other) =>
    one.localeCompare(other, 'en'),
  )
  const rows = names.map((name) => {
    const ofName = shown.filter(({ behaviour }) => behaviour === name)
    return `| ${name} | ${kdcs
      .map((kdc) =>
        cellOf(
          name,
          ofName.filter((one) => one.kdc === kdc),
        ),
      )
      .join(' | ')} | ${linksOf(ofName)} |`
  })
  return [`| behaviour | ${kdcs.join(' | ')} | tests |`, `| --- |${' --- |'.repeat(kdcs.length)} --- |`, ...rows].join(
    '\n',
  )
}

function cellOf(name: string, shown: readonly Shown[]): string {
  const values = [...new Set(shown.map(({ value }) => value))]
  if (values.length > 1) throw new Error(`“${name}” is said to be ${values.join(' and ')} of ${shown[0].kdc}`)
  return values[0] ?? ''
}

function linksOf(shown: readonly Shown[]): string {
  const files = [...new Set(shown.map(({ file }) => file))]
  return files.map((file) => `[${file.replace(/^.*\//, '').replace(/\.test\.ts$/, '')}](${linkTo(file)})`).join(', ')
}

const linkTo = (file: string): string =>
  file.startsWith('test/interop/') ? file.slice('test/interop/'.length) : `../../${file}`
