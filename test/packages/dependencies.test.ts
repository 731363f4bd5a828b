import { builtinModules } from 'node:module'
import { describe, expect, test } from 'vitest'
import { platformFree, rows, tiers } from './layers.js'
import { importsOf, packageNames, readManifest, readSources, resolveRelative } from './sources.js'
import type { SourceFile } from './sources.js'

const builtins = new Set(builtinModules)
const isBuiltin = (specifier: string): boolean => specifier.startsWith('node:') || builtins.has(specifier)
const packageOf = (specifier: string): string =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')

test('every package has its row in the table', () => {
  expect(packageNames).toEqual(Object.keys(rows).sort())
})

test('every package imports only packages of lower tiers', () => {
  const heights = new Map(Object.values(tiers).flatMap((tier, index) => Object.keys(tier).map((name) => [name, index])))
  const wrong = Object.entries(rows).flatMap(([name, { siblings }]) =>
    siblings
      .filter((sibling) => !((heights.get(sibling) ?? -1) > (heights.get(name) ?? Infinity)))
      .map((sibling) => `${name} imports ${sibling}`),
  )
  expect(wrong).toEqual([])
})

describe.each(packageNames)('%s', (name) => {
  const { siblings, others = [] } = rows[name]
  const manifest = readManifest(name)
  const sources = readSources(`packages/${name}/src`)
  const shipped = sources.filter((file) => !file.isTest)

  test('depends on exactly what it may import', () => {
    const peers = Object.keys(manifest.peerDependencies ?? {})
    const declared = [...Object.keys(manifest.dependencies ?? {}), ...peers].sort()
    expect(declared).toEqual([...siblings.map((sibling) => `@s4u/${sibling}`), ...others].sort())
    expect(manifest.optionalDependencies).toBeUndefined()
  })

  test('takes its siblings from the workspace', () => {
    for (const sibling of siblings) expect(manifest.dependencies?.[`@s4u/${sibling}`]).toBe('workspace:^')
  })

  test('imports only what its rule allows, by package name', () => {
    const may = new Set([...siblings.map((sibling) => `@s4u/${sibling}`), ...others])
    const wrong = shipped.flatMap((file) =>
      file.imports
        .filter((specifier) => !specifier.startsWith('.') && !specifier.startsWith('#') && !isBuiltin(specifier))
        .filter((specifier) => !may.has(packageOf(specifier)) || /^@s4u\/[^/]+\//.test(specifier))
        .map((specifier) => `${file.path} imports ${specifier}`),
    )
    expect(wrong).toEqual([])
  })

  test('names the modules of Node with node:', () => {
    const wrong = sources.flatMap((file) =>
      file.imports
        .filter((specifier) => builtins.has(specifier))
        .map((specifier) => `${file.path} imports ${specifier}`),
    )
    expect(wrong).toEqual([])
  })

  test('reaches no file of another package, and none that is absent', () => {
    const paths = new Set(sources.map((file) => file.path))
    const wrong = sources.flatMap((file) =>
      file.imports
        .filter((specifier) => specifier.startsWith('.'))
        .filter(
          (specifier) =>
            !(paths.has(resolveRelative(file, specifier)) || (file.isTest && outsideOfPackages(file, specifier))),
        )
        .map((specifier) => `${file.path} imports ${specifier}`),
    )
    expect(wrong).toEqual([])
  })

  test('has no import cycle between its files', () => {
    expect(findCycles(sources)).toEqual([])
  })
})

describe.each(platformFree)('%s knows no platform', (name, seams) => {
  const src = `packages/${name}/src`
  const shipped = readSources(src).filter((file) => !file.isTest)

  test('outside its seams', () => {
    const paths = seams.map(({ file }) => `${src}/${file}`)
    const wrong = shipped
      .filter(({ path }) => !paths.includes(path))
      .flatMap((file) => file.imports.filter(isBuiltin).map((specifier) => `${file.path} imports ${specifier}`))
    expect(wrong).toEqual([])
  })

  test.each(seams)('but what the table says in $file', ({ file, knows }) => {
    const seam = shipped.find(({ path }) => path === `${src}/${file}`)
    expect(new Set(seam?.imports.filter(isBuiltin))).toEqual(new Set(knows))
  })
})

test('the reader of imports sees every form, and no example in a comment', () => {
  const text = `
    /** import x from 'in-a-block' */
    // import x from 'in-a-line'
    import a, { b } from 'one'
    import type { c } from "two"
    export * from 'three'
    export {
      d,
    } from 'four'
    import 'five'
    const e = await import('six')
    const f = 'accept: */*'
    const g = \`
      text\`
    export type { h } from 'seven'
  `
  expect(importsOf(text).sort()).toEqual(['five', 'four', 'one', 'seven', 'six', 'three', 'two'])
})

/** Tests may read what stands under test/, such as vectors; never another package's insides. */
const outsideOfPackages = (file: SourceFile, specifier: string): boolean =>
  resolveRelative(file, specifier).startsWith('test/')

function findCycles(files: readonly SourceFile[]): string[] {
  const edges = new Map(
    files.map((file) => [
      file.path,
      file.imports
        .filter((specifier) => specifier.startsWith('.'))
        .map((specifier) => resolveRelative(file, specifier)),
    ]),
  )
  const cycles: string[] = []
  const finished = new Set<string>()
  const visit = (path: string, trail: readonly string[]): void => {
    if (trail.includes(path)) cycles.push([...trail.slice(trail.indexOf(path)), path].join(' → '))
    else if (!finished.has(path)) {
      for (const next of edges.get(path) ?? []) visit(next, [...trail, path])
      finished.add(path)
    }
  }
  for (const path of edges.keys()) visit(path, [])
  return cycles
}
