import { builtinModules } from 'node:module'
import { describe, expect, test } from 'vitest'
import { importsOf, packageNames, readManifest, readSources, resolveRelative } from './sources.js'
import type { SourceFile } from './sources.js'

/** Who may import whom, lowest first. What is not listed here may not be imported. */
const allowed: Record<string, { readonly siblings: readonly string[]; readonly others?: readonly string[] }> = {
  krb5: { siblings: [], others: ['@noble/ciphers', '@noble/hashes', 'asn1js'] },
  gssapi: { siblings: ['krb5'] },
  acceptor: { siblings: ['gssapi', 'krb5'] },
  'kdc-client': { siblings: ['krb5'], others: ['lru-cache'] },
  // undici: connections apart for each identity, which the fetch of Node has no other way to be given.
  fetch: { siblings: ['gssapi', 'kdc-client'], others: ['undici'] },
  // Session cookies carry a ticket (its encoding: krb5), sealed with XChaCha20, which Node does not have.
  negotiate: { siblings: ['acceptor', 'fetch', 'gssapi', 'kdc-client', 'krb5'], others: ['@noble/ciphers'] },
  express: { siblings: ['negotiate'], others: ['express'] },
  koa: { siblings: ['negotiate'], others: ['koa'] },
  'test-kdc': { siblings: ['krb5'] },
}

/** Packages that know no platform, with the only file that may, and what it may know. */
const platformFree: Record<string, { readonly seam: string; readonly knows: string }> = {
  krb5: { seam: 'packages/krb5/src/crypto/primitives/node.ts', knows: 'node:crypto' },
  gssapi: { seam: 'packages/gssapi/src/base64/node.ts', knows: 'node:buffer' },
}

const builtins = new Set(builtinModules)
const isBuiltin = (specifier: string): boolean => specifier.startsWith('node:') || builtins.has(specifier)
const packageOf = (specifier: string): string =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')

test('every package has its rule here', () => {
  expect(packageNames).toEqual(Object.keys(allowed).sort())
})

describe.each(packageNames)('%s', (name) => {
  const { siblings, others = [] } = allowed[name]
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

test.each(Object.entries(platformFree))('%s imports nothing of the platform outside its seam', (name, { seam }) => {
  const wrong = readSources(`packages/${name}/src`)
    .filter((file) => !file.isTest && file.path !== seam)
    .flatMap((file) => file.imports.filter(isBuiltin).map((specifier) => `${file.path} imports ${specifier}`))
  expect(wrong).toEqual([])
})

test.each(Object.entries(platformFree))('the seam of %s imports one thing of Node', (name, { seam, knows }) => {
  const file = readSources(`packages/${name}/src`).find(({ path }) => path === seam)
  expect(new Set(file?.imports.filter(isBuiltin))).toEqual(new Set([knows]))
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
