import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { packageNames, root } from './sources.js'

/**
 * What is installed with a package runs on any system, that of Alpine included: no native code, no
 * script that runs at installation, nothing that is for one platform.
 */

interface Manifest {
  readonly name: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly scripts?: Readonly<Record<string, string>>
  readonly os?: unknown
  readonly cpu?: unknown
  readonly libc?: unknown
  readonly gypfile?: unknown
}

const manifestOf = (folder: string): Manifest => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))

/** The folders of everything that comes with a package, itself included. */
function installedWith(folder: string, seen = new Set<string>()): ReadonlySet<string> {
  const real = realpathSync(folder)
  if (seen.has(real)) return seen
  seen.add(real)
  const { dependencies, optionalDependencies } = manifestOf(real)
  for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
    const found = folderOf(name, real)
    if (found !== undefined) installedWith(found, seen)
  }
  return seen
}

function folderOf(name: string, from: string): string | undefined {
  for (let at = from; at !== dirname(at); at = dirname(at)) {
    const folder = join(at, 'node_modules', name)
    if (existsSync(folder)) return folder
  }
  return undefined
}

/** What a package has that is not for every platform. */
function boundTo(folder: string): readonly string[] {
  const manifest = manifestOf(folder)
  const scripts = Object.keys(manifest.scripts ?? {}).filter((name) => /^(pre|post)?install$/.test(name))
  const fields = (['os', 'cpu', 'libc', 'gypfile'] as const).filter((name) => manifest[name] !== undefined)
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
    (path) => !path.includes('node_modules') && /\.(node|so|dll|dylib)$|binding\.gyp$/.test(path),
  )
  return [...scripts, ...fields, ...files].map((what) => `${manifest.name}: ${what}`)
}

test.each(packageNames)('%s, and what comes with it, runs on any system', (name) => {
  const folders = [...installedWith(join(root, 'packages', name))]
  expect(folders.flatMap(boundTo)).toEqual([])
})

test('a package for one platform would be found', () => {
  const native = [...installedWith(join(root, 'node_modules', 'oxlint'))].flatMap(boundTo)
  expect(native.join(' ')).toContain(': cpu')
})
