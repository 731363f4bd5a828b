import { readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../..', import.meta.url))
export const packageNames = readdirSync(join(root, 'packages')).sort()

export interface Manifest {
  readonly name: string
  readonly version: string
  readonly license?: string
  readonly description?: string
  readonly keywords?: readonly string[]
  readonly type?: string
  readonly sideEffects?: boolean
  readonly engines?: Record<string, string>
  readonly scripts?: Record<string, string>
  readonly exports?: unknown
  readonly dependencies?: Record<string, string>
  readonly devDependencies?: Record<string, string>
  readonly peerDependencies?: Record<string, string>
  readonly optionalDependencies?: Record<string, string>
}

export const readManifest = (name: string): Manifest =>
  JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8'))

export interface SourceFile {
  /** Relative to the root of the repository: `packages/krb5/src/index.ts`. */
  readonly path: string
  readonly isTest: boolean
  readonly text: string
  readonly imports: readonly string[]
}

/** Every TypeScript or JavaScript file below a folder of the repository. */
export function readSources(folder: string): SourceFile[] {
  return listFiles(join(root, folder))
    .filter((path) => /\.[cm]?[jt]s$/.test(path))
    .map((path) => {
      const text = readFileSync(path, 'utf8')
      return { path: relative(root, path), isTest: path.endsWith('.test.ts'), text, imports: importsOf(text) }
    })
}

export function listFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (entry.name === 'node_modules' || entry.name === 'dist' || entry.name.startsWith('.')) return []
    const path = join(folder, entry.name)
    return entry.isDirectory() ? listFiles(path) : [path]
  })
}

/** The specifiers a module names: static, re-exported, dynamic and type-only ones. */
export function importsOf(text: string): string[] {
  const code = withoutComments(text)
  const forms = [
    /^[ \t]*(?:import|export)\b[^'"`;]*?\bfrom\s*['"]([^'"]+)['"]/gm,
    /^[ \t]*import\s*['"]([^'"]+)['"]/gm,
    /\bimport\s*\(\s*['"]([^'"]+)['"]/g,
    /\b(?:require|require\.resolve|import\.meta\.resolve)\s*\(\s*['"]([^'"]+)['"]/g,
  ]
  return forms.flatMap((form) => [...code.matchAll(form)].map((match) => match[1]))
}

const commentOrString = /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`/g

const withoutComments = (text: string): string =>
  text.replace(commentOrString, (found) => (found.startsWith('/') ? ' ' : found))

/** What remains when comments and the contents of strings are taken away. */
export const codeOf = (text: string): string =>
  text.replace(commentOrString, (found) => (found.startsWith('/') ? ' ' : "''"))

/** The file of the same package that a relative specifier names. */
export const resolveRelative = (from: SourceFile, specifier: string): string =>
  join(dirname(from.path), specifier).replace(/\.js$/, '.ts')

export const stemOf = (path: string): string => basename(path).replace(/\..*$/, '')
