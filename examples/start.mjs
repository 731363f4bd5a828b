/**
 * `npm start`: installs and builds what is not there yet, then runs the demo on the embedded realm.
 * Needs Node and npm, nothing else: pnpm comes through npx, in the version that package.json names.
 *
 *     npm start                opens a page in the browser; with BROWSER=none prints its address
 *     npm start -- --story     the same as text, as in CI and without a terminal
 *     npm start -- --port 80   a port of one's own choice
 */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const stamp = join(root, 'node_modules', '.s4u-built')

stopWithNpm()
checkNodeVersion()
if (!isInstalled()) await pnpm('Installing', ['install', '--frozen-lockfile'])
if (!isBuilt()) {
  await pnpm('Building', ['exec', 'turbo', 'run', 'build', '--filter={./examples/*}...', '--output-logs=errors-only'])
  writeFileSync(stamp, digestOfBuild())
}
await import('./demo/main.mjs')

function checkNodeVersion() {
  const wanted = manifest.engines.node.replace(/^>=/, '').split('.').map(Number)
  const found = process.versions.node.split('.').map(Number)
  const difference = wanted.map((part, index) => found[index] - part).find((part) => part !== 0) ?? 0
  if (difference >= 0) return
  console.error(`Node ${manifest.engines.node} is needed; this is ${process.versions.node}`)
  process.exit(1)
}

/** pnpm keeps a copy of the lock file that it has installed. */
function isInstalled() {
  const installed = join(root, 'node_modules', '.pnpm', 'lock.yaml')
  return existsSync(installed) && readFileSync(installed, 'utf8') === readFileSync(join(root, 'pnpm-lock.yaml'), 'utf8')
}

/** Asking turbo takes two seconds; reading all sources takes a twentieth of one. */
function isBuilt() {
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === digestOfBuild()
}

/** What was built, and when: another build since then may have been of other sources. */
function digestOfBuild() {
  const hash = createHash('sha256')
  for (const name of ['pnpm-lock.yaml', 'tsconfig.json']) hash.update(readFileSync(join(root, name)))
  for (const name of readdirSync(join(root, 'packages'))) {
    const path = join(root, 'packages', name)
    const sources = readdirSync(join(path, 'src'), { recursive: true }).map((name) => join(path, 'src', name))
    hash.update(String(statSync(join(path, 'dist', 'index.js'), { throwIfNoEntry: false })?.mtimeMs))
    const files = [join(path, 'package.json'), ...sources.filter((file) => file.endsWith('.ts')).sort()]
    for (const file of files) hash.update(`${file}\0`).update(readFileSync(file))
  }
  return hash.digest('hex')
}

/**
 * In a process group of its own, so that all of it can be stopped with this process. What it says
 * is shown when it fails.
 */
async function pnpm(what, args) {
  console.log(`${what} …`)
  const env = { ...process.env, TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1', npm_config_update_notifier: 'false' }
  const options = { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'], shell: process.platform === 'win32' }
  const stop = (signal) => {
    killGroup(child)
    process.exit(signal === 'SIGINT' ? 130 : 143)
  }
  // Before anything runs that a signal could leave behind; they are heard when this function waits.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, stop)
  const child = spawn('npx', ['-y', manifest.packageManager, ...args], { ...options, detached: !options.shell })
  const output = []
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => output.push(chunk))
  const code = await new Promise((resolve) => child.on('error', () => resolve(1)).on('close', resolve))
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.off(signal, stop)
  if (code === 0) return
  process.stderr.write(Buffer.concat(output))
  console.error(`${what} failed`)
  process.exit(1)
}

function killGroup({ pid }) {
  try {
    process.kill(-pid, 'SIGTERM')
  } catch {
    // It has ended already.
  }
}

/** A signal to npm ends npm and the shell between us, and reaches us only as another parent. */
function stopWithNpm() {
  if (process.env.npm_lifecycle_event === undefined) return
  const parent = process.ppid
  setInterval(() => process.ppid !== parent && process.kill(process.pid, 'SIGTERM'), 500).unref()
}
