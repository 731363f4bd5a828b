/**
 * `npm test`: installs the workspace, builds it, runs every check and every suite, and adds up the
 * results.
 *
 *     node test/run.mjs                       everything
 *     node test/run.mjs lint unit             only these steps
 *     node test/run.mjs unit -- FILE …        the tests in these files or folders
 *     node test/run.mjs -- FILE …             the same, of whatever suite
 *     node test/run.mjs --help                the steps, and what each needs
 *
 * What stands behind `--` goes to vitest, so `-t NAME` and `-u` work too. Steps that are named are
 * built for only where they need it, and install only what the lock file has changed.
 *
 * Real servers are Debian packages. They are installed by CI (`CI=true`) and by who says so
 * (`S4U_INSTALL=1`, as root); otherwise a suite without its server is skipped, and the end of the
 * run says what is missing and how to have it.
 *
 * Plain JavaScript without dependencies, since it runs before anything is installed. The last line
 * is `N passed, N failed`; the exit code is 1 when anything failed.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openProcesses } from './run/processes.mjs'
import { countTests, tellSkipped } from './run/results.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const reports = mkdtempSync(join(tmpdir(), 's4u-test-'))
const inCi = /^(1|true)$/i.test(process.env.CI ?? '')

const steps = [
  check('format', 'oxfmt', ['--config', 'test/oxfmtrc.json', '--check', '.', '!**/*.md']),
  check('lint', 'oxlint', ['--config', 'test/oxlintrc.json', '--deny-warnings']),
  check('typecheck', 'tsc', ['--noEmit']),
  // What a consumer's compiler sees: the emitted declarations, in three kinds of project.
  check('types: nodenext', 'tsc', ['-p', 'test/types/tsconfig.nodenext.json'], { needsBuild: true }),
  check('types: optional', 'tsc', ['-p', 'test/types/tsconfig.optional.json'], { needsBuild: true }),
  check('types: bundler', 'tsc', ['-p', 'test/types/tsconfig.bundler.json'], { needsBuild: true }),
  check('types: portable', 'tsc', ['-p', 'test/types/tsconfig.portable.json'], { needsBuild: true }),
  suite('unit'),
  suite('noble'),
  suite('kdc-client'),
  // These use the packages as programs do that install them.
  suite('packages', { needsBuild: true }),
  suite('runtimes', { needsBuild: true }),
  suite('stories', { needsBuild: true }),
  suite('nest11', { needsBuild: true }),
  suite('hostile', { needsBuild: true }),
  suite('stores', { needsBuild: true, needsServers: true }),
  suite('fleet', { needsBuild: true, needsServers: true }),
  suite('interop', { needsBuild: true, needsServers: true }),
]

const total = { passed: 0, failed: 0, skipped: 0, reasons: [] }
const processes = openProcesses(root, finish)
process.on('exit', () => rmSync(reports, { recursive: true, force: true }))

await main(process.argv.slice(2))

async function main(args) {
  if (args.includes('--help')) return help()
  const end = args.includes('--') ? args.indexOf('--') : args.length
  const [names, forVitest] = [args.slice(0, end), args.slice(end + 1)]
  const chosen = choose(names, forVitest)
  checkNodeVersion()
  if (args.length === 0 || !isInstalled()) await prepare('install', ['install', '--frozen-lockfile'])
  if (chosen.some((step) => step.needsBuild)) await prepare('build', ['exec', 'turbo', 'run', 'build'])
  for (const step of chosen) await report(step, forVitest)
  if (forVitest.length > 0 && total.passed + total.failed + total.skipped === 0)
    fail(`no test in ${forVitest.join(' ')}`)
  finish()
}

/** The steps that were named, or all. What stands behind `--` is for suites only. */
function choose(names, forVitest) {
  const groups = [...new Set(steps.map((step) => step.group))]
  const unknown = names.filter((name) => !groups.includes(name))
  if (unknown.length > 0) fail(`no such step: ${unknown.join(', ')}; there are: ${groups.join(', ')}`)
  const named = steps.filter((step) => names.length === 0 || names.includes(step.group))
  if (forVitest.length === 0) return named
  const checks = named.filter((step) => !step.isSuite)
  if (names.length > 0 && checks.length > 0) fail(`${checks[0].group} takes no files: it looks at all of them`)
  return named.filter((step) => step.isSuite && mayHold(step.name, forVitest))
}

/**
 * Whether a suite can have one of these files: a path below `test` or `packages` tells its suite.
 */
function mayHold(suiteName, forVitest) {
  const paths = forVitest.map((path) => path.replace(/^\.\//, '')).filter((path) => /^(test|packages)\//.test(path))
  if (paths.length === 0) return true
  const folders = {
    unit: ['packages/', 'test/vectors'],
    noble: ['packages/krb5', 'test/vectors'],
    packages: ['test/packages', 'test/mutation'],
  }
  return paths.some((path) => (folders[suiteName] ?? [`test/${suiteName}`]).some((folder) => path.startsWith(folder)))
}

function checkNodeVersion() {
  const wanted = manifest.engines.node.replace(/^>=/, '').split('.').map(Number)
  const found = process.versions.node.split('.').map(Number)
  const difference = wanted.map((part, index) => found[index] - part).find((part) => part !== 0) ?? 0
  if (difference < 0) fail(`Node ${manifest.engines.node} is needed; this is ${process.versions.node}`)
}

/** pnpm keeps a copy of the lock file that it has installed. */
function isInstalled() {
  const lock = (path) => readFileSync(join(root, path), 'utf8')
  try {
    return lock('node_modules/.pnpm/lock.yaml') === lock('pnpm-lock.yaml')
  } catch {
    return false
  }
}

/** Installing and building. pnpm comes through npx, in the pinned version. */
async function prepare(name, args) {
  const { code, seconds } = await processes.run(name, 'npx', ['-y', manifest.packageManager, ...args])
  if (code !== 0) fail(`${name} failed`)
  console.log(`ok      ${name} (${seconds} s)`)
}

/** A tool that either agrees or does not: counts as one. */
function check(name, tool, args, { needsBuild = false } = {}) {
  return {
    name,
    group: name.split(':')[0],
    isSuite: false,
    needsBuild,
    async run() {
      const { code, seconds } = await processes.run(name, join(root, 'node_modules', '.bin', tool), args)
      return { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0, reasons: [], seconds }
    },
  }
}

/** A project of test/vitest.config.ts: counts as many as it has tests. */
function suite(name, { needsBuild = false, needsServers = false } = {}) {
  return {
    name,
    group: name,
    isSuite: true,
    needsBuild,
    needsServers,
    async run(forVitest) {
      const file = join(reports, `${name}.json`)
      const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`]
      const narrowed = forVitest.length > 0 ? ['--passWithNoTests', ...forVitest] : []
      const args = ['run', '--config', 'test/vitest.config.ts', '--project', name, ...reporters, ...narrowed]
      const { code, seconds } = await processes.run(name, join(root, 'node_modules', '.bin', 'vitest'), args)
      return { ...judged(countTests(file), code, needsServers), seconds }
    },
  }
}

function judged(counts, code, needsServers) {
  let { failed, skipped } = counts
  if (inCi && needsServers && skipped > 0) {
    console.log(`${skipped} tests against real servers were skipped, which CI does not accept`)
    failed += skipped
    skipped = 0
  }
  // No test file, an unhandled rejection, a teardown that failed: not one test failed, yet the
  // suite did.
  if (code !== 0 && failed === 0) failed = 1
  return { ...counts, failed, skipped }
}

async function report(step, forVitest) {
  const { passed, failed, skipped, reasons, seconds } = await step.run(forVitest)
  total.passed += passed
  total.failed += failed
  // With a filter by name, vitest counts all others as skipped.
  if (!forVitest.some((arg) => /^(-t|--testNamePattern)\b/.test(arg))) {
    total.skipped += skipped
    if (skipped > 0) total.reasons.push(...reasons)
  }
  const skips = skipped > 0 ? `, ${skipped} skipped` : ''
  console.log(
    `${failed === 0 ? 'ok    ' : 'FAILED'}  ${step.name}: ${passed} passed, ${failed} failed${skips} (${seconds} s)`,
  )
}

function help() {
  const lines = readFileSync(fileURLToPath(import.meta.url), 'utf8')
    .split('*/')[0]
    .split('\n')
    .slice(1)
  for (const line of lines) console.log(line.replace(/^ \* ?/, ''))
  const groups = [...new Set(steps.map((step) => step.group))]
  for (const group of groups) {
    const { needsBuild, needsServers } = steps.find((step) => step.group === group)
    const needs = [needsBuild && 'a build', needsServers && 'real servers'].filter(Boolean).join(' and ')
    console.log(`  ${group.padEnd(12)}${needs === '' ? '' : `needs ${needs}`}`.trimEnd())
  }
}

function fail(message) {
  console.log(`FAILED  ${message}`)
  total.failed += 1
  finish()
}

function finish() {
  if (processes.isInterrupted()) process.exit(130)
  if (total.skipped > 0) console.log(`\n${tellSkipped(total.reasons).join('\n')}`)
  console.log(`\n${total.passed} passed, ${total.failed} failed`)
  process.exit(total.failed === 0 ? 0 : 1)
}
