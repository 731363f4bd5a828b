import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A runtime that programs are run on. */
export interface RuntimeBinary {
  /** `Node 20`, `Bun`, `Deno` */
  readonly name: string
  readonly kind: 'Node' | 'Bun' | 'Deno'
  /** The words before the path of a program. */
  readonly command: readonly string[]
}

const folder = fileURLToPath(new URL('binaries/', import.meta.url))
const FILES = ['package.json', 'package-lock.json']

/**
 * Returns the runtimes of the matrix, in the versions of `binaries/package-lock.json`. npm installs
 * them once into a cache of the user, 250 MB over the network: the lock file knows the digest of
 * each. On a platform for which there are none, only the Node that runs is there.
 */
export function runtimeBinaries(): readonly RuntimeBinary[] {
  const platform = `${process.platform}-${process.arch}`
  if (!['linux-x64', 'linux-arm64'].includes(platform))
    return [{ name: `Node ${process.versions.node.split('.')[0]}`, kind: 'Node', command: [process.execPath] }]
  const modules = join(installed(), 'node_modules')
  const bun = platform === 'linux-x64' ? 'bun-linux-x64' : 'bun-linux-aarch64'
  const nodes = [20, 22, 24, 26].map((major): RuntimeBinary => {
    return { name: `Node ${major}`, kind: 'Node', command: [join(modules, `node${major}-${platform}`, 'bin/node')] }
  })
  const deno = join(modules, '@deno', `${platform}-glibc`, 'deno')
  return [
    ...nodes,
    { name: 'Bun', kind: 'Bun', command: [join(modules, '@oven', bun, 'bin/bun')] },
    { name: 'Deno', kind: 'Deno', command: [deno, 'run', '--allow-all', '--node-modules-dir=manual', '--no-lock'] },
  ]
}

/** Returns the runtime of Cloudflare Workers, as npm ships it; undefined where it ships none. */
export function workerdBinary(): string | undefined {
  if (process.platform !== 'linux' || !['x64', 'arm64'].includes(process.arch)) return undefined
  const name = process.arch === 'x64' ? 'workerd-linux-64' : 'workerd-linux-arm64'
  return join(installed(), 'node_modules/@cloudflare', name, 'bin/workerd')
}

function installed(): string {
  const digest = createHash('sha256')
  for (const file of FILES) digest.update(readFileSync(join(folder, file)))
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 's4u-runtimes')
  const place = join(cache, digest.digest('hex').slice(0, 16))
  if (existsSync(place)) return place
  // Two runs may install at the same time: whole folders are put in place, and the first one stays.
  const own = `${place}.${process.pid}`
  mkdirSync(own, { recursive: true })
  for (const file of FILES) copyFileSync(join(folder, file), join(own, file))
  const words = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
  execFileSync('npm', words, { cwd: own, stdio: ['ignore', 'ignore', 'inherit'] })
  try {
    renameSync(own, place)
  } catch (error) {
    if (!existsSync(place)) throw error
    rmSync(own, { recursive: true, force: true })
  }
  return place
}
