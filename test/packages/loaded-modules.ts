import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from './sources.js'

/**
 * Returns the files that a program loads, on the built packages: `undici` and `@s4u/fetch` for
 * files of these packages, how often they come is how many files were loaded.
 *
 * @param program JavaScript, run as a module in a process of its own
 */
export function loadedBy(program: string): ReadonlyMap<string, number> {
  const folder = mkdtempSync(join(tmpdir(), 's4u-loaded-'))
  const list = join(folder, 'list')
  const note = `
    import { appendFileSync } from 'node:fs'
    export async function load(url, context, next) {
      appendFileSync(${JSON.stringify(list)}, url + '\\n')
      return next(url, context)
    }`
  const code = `
    import { appendFileSync } from 'node:fs'
    import { createRequire, register } from 'node:module'
    register(${JSON.stringify(`data:text/javascript,${encodeURIComponent(note)}`)})
    const { cache } = createRequire(${JSON.stringify(join(root, 'test/package.json'))})
    await (async () => { ${program} })()
    for (const path of Object.keys(cache)) appendFileSync(${JSON.stringify(list)}, path + '\\n')`
  try {
    const words = ['--no-warnings', '--input-type=module', '--eval', code]
    execFileSync(process.execPath, words, { cwd: join(root, 'test'), stdio: ['ignore', 'ignore', 'inherit'] })
    return countsOf(readFileSync(list, 'utf8'))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function countsOf(list: string): ReadonlyMap<string, number> {
  const files = new Set(list.split('\n').map((line) => line.replace(/^file:\/\//, '')))
  const counts = new Map<string, number>()
  for (const file of files) {
    const name = packageOf(file)
    if (name !== undefined) counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  return counts
}

function packageOf(file: string): string | undefined {
  const own = /\/packages\/([^/]+)\/dist\//.exec(file)
  if (own !== null) return `@s4u/${own[1]}`
  return /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1]
}
