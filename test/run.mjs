/**
 * `npm test`: installs the workspace, builds it, runs every check and every suite, and adds up the results.
 *
 *     node test/run.mjs                 everything
 *     node test/run.mjs lint unit       only the steps named (after installing and building)
 *
 * Plain JavaScript without dependencies, since it runs before anything is installed. The last line is
 * `N passed, N failed`; the exit code is 1 when anything failed.
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const reports = mkdtempSync(join(tmpdir(), 's4u-test-'))
const inCi = /^(1|true)$/i.test(process.env.CI ?? '')

/** How long an interrupted child may take to stop what it started, before it is killed. */
const STOP_GRACE_MS = 20_000

const steps = [
  check('format', 'oxfmt', ['--config', 'test/oxfmtrc.json', '--check', '.', '!**/*.md']),
  check('lint', 'oxlint', ['--config', 'test/oxlintrc.json', '--deny-warnings']),
  check('typecheck', 'tsc', ['--noEmit']),
  // What a consumer's compiler sees: the emitted declarations, in three kinds of project.
  check('types: nodenext', 'tsc', ['-p', 'test/types/tsconfig.nodenext.json']),
  check('types: bundler', 'tsc', ['-p', 'test/types/tsconfig.bundler.json']),
  check('types: portable', 'tsc', ['-p', 'test/types/tsconfig.portable.json']),
  suite('unit'),
  suite('noble'),
  suite('packages'),
  suite('stories'),
  suite('hostile'),
  suite('interop', { needsServers: true }),
]

const total = { passed: 0, failed: 0, skipped: 0 }
const running = new Set()
let interrupted = false
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => interrupt(signal))
stopWithNpm()
process.on('exit', () => {
  for (const child of running) kill(child, 'SIGKILL')
  rmSync(reports, { recursive: true, force: true })
})

await main(process.argv.slice(2))

async function main(names) {
  const unknown = names.filter((name) => !steps.some((step) => step.group === name))
  if (unknown.length > 0) {
    fail(`no such step: ${unknown.join(', ')}; there are: ${[...new Set(steps.map((step) => step.group))].join(', ')}`)
  }
  checkNodeVersion()
  await prepare('install', ['install', '--frozen-lockfile'])
  await prepare('build', ['exec', 'turbo', 'run', 'build'])
  for (const step of steps) {
    if (names.length === 0 || names.includes(step.group)) await report(step)
  }
  finish()
}

function checkNodeVersion() {
  const wanted = manifest.engines.node.replace(/^>=/, '').split('.').map(Number)
  const found = process.versions.node.split('.').map(Number)
  const difference = wanted.map((part, index) => found[index] - part).find((part) => part !== 0) ?? 0
  if (difference < 0) fail(`Node ${manifest.engines.node} is needed; this is ${process.versions.node}`)
}

/** Installing and building: without them nothing else can run. pnpm comes through npx, in the pinned version. */
async function prepare(name, args) {
  const { code, seconds } = await run(name, 'npx', ['-y', manifest.packageManager, ...args])
  if (code !== 0) fail(`${name} failed`)
  console.log(`ok      ${name} (${seconds} s)`)
}

/** A tool that either agrees or does not: counts as one. */
function check(name, tool, args) {
  return {
    name,
    group: name.split(':')[0],
    async run() {
      const { code, seconds } = await run(name, join(root, 'node_modules', '.bin', tool), args)
      return { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0, seconds }
    },
  }
}

/** A project of test/vitest.config.ts: counts as many as it has tests. */
function suite(name, { needsServers = false } = {}) {
  return {
    name,
    group: name,
    async run() {
      const file = join(reports, `${name}.json`)
      const vitest = join(root, 'node_modules', '.bin', 'vitest')
      const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`]
      const args = ['run', '--config', 'test/vitest.config.ts', '--project', name, ...reporters]
      const { code, seconds } = await run(name, vitest, args)
      return { ...countTests(file, code, needsServers), seconds }
    },
  }
}

function countTests(file, code, needsServers) {
  let counts
  try {
    const result = JSON.parse(readFileSync(file, 'utf8'))
    // A file that fails to load has no failed test of its own, but is a failure all the same.
    const unloadable = result.testResults.filter(
      (one) => one.status === 'failed' && !one.assertionResults.some((test) => test.status === 'failed'),
    ).length
    counts = {
      passed: result.numPassedTests,
      failed: result.numFailedTests + unloadable,
      skipped: result.numPendingTests + result.numTodoTests,
    }
  } catch {
    counts = { passed: 0, failed: 0, skipped: 0 }
  }
  if (inCi && needsServers && counts.skipped > 0) {
    console.log(`${counts.skipped} tests against real servers were skipped, which CI does not accept`)
    counts = { ...counts, failed: counts.failed + counts.skipped, skipped: 0 }
  }
  // No test file, an unhandled rejection, a teardown that failed: not one test failed, yet the suite did.
  if (code !== 0 && counts.failed === 0) counts.failed = 1
  return counts
}

async function report(step) {
  const { passed, failed, skipped, seconds } = await step.run()
  total.passed += passed
  total.failed += failed
  total.skipped += skipped
  const skips = skipped > 0 ? `, ${skipped} skipped` : ''
  console.log(
    `${failed === 0 ? 'ok    ' : 'FAILED'}  ${step.name}: ${passed} passed, ${failed} failed${skips} (${seconds} s)`,
  )
}

/** Runs a command in a process group of its own, so that all it started can be stopped with it. */
function run(name, command, args) {
  if (interrupted) return new Promise(() => {})
  console.log(`\n== ${name}`)
  const started = Date.now()
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: root,
      env: quietEnvironment(),
      stdio: ['ignore', 'inherit', 'inherit'],
      detached: true,
    })
    running.add(child)
    const done = (code) => {
      // What the command left behind in its group goes with it.
      kill(child, 'SIGKILL')
      running.delete(child)
      if (interrupted && running.size > 0) return
      if (interrupted) finish()
      resolve({ code, seconds: ((Date.now() - started) / 1000).toFixed(1) })
    }
    child.on('error', (error) => {
      console.log(error.message)
      done(1)
    })
    child.on('exit', (code) => done(code ?? 1))
  })
}

function quietEnvironment() {
  return {
    ...process.env,
    ...(process.stdout.isTTY ? {} : { NO_COLOR: '1' }),
    DO_NOT_TRACK: '1',
    TURBO_TELEMETRY_DISABLED: '1',
    TURBO_NO_UPDATE_NOTIFIER: '1',
    NO_UPDATE_NOTIFIER: '1',
    npm_config_update_notifier: 'false',
    npm_config_fund: 'false',
    npm_config_audit: 'false',
  }
}

function interrupt(signal) {
  if (interrupted) return
  interrupted = true
  console.log(`\n${signal}: stopping`)
  for (const child of running) kill(child, 'SIGTERM')
  if (running.size === 0) finish()
  setTimeout(finish, STOP_GRACE_MS)
}

/** A signal to npm ends npm and the shell between us, and reaches us only as another parent. */
function stopWithNpm() {
  if (process.env.npm_lifecycle_event === undefined) return
  const parent = process.ppid
  setInterval(() => process.ppid !== parent && interrupt('npm was stopped'), 500).unref()
}

function kill(child, signal) {
  try {
    process.kill(-child.pid, signal)
  } catch {
    // The group is gone already.
  }
}

function fail(message) {
  console.log(`FAILED  ${message}`)
  total.failed += 1
  finish()
}

function finish() {
  if (interrupted) process.exit(130)
  if (total.skipped > 0) console.log(`\n${total.skipped} skipped, for the reasons above`)
  console.log(`\n${total.passed} passed, ${total.failed} failed`)
  process.exit(total.failed === 0 ? 0 : 1)
}
