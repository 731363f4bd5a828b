/**
 * `npm run mutate`: changes the sources one place at a time and tells which changes no test
 * notices.
 *
 *     npm run mutate                              all of scopes.mjs
 *     npm run mutate -- packages/gssapi           a package, or folders and files of it
 *     npm run mutate -- --fresh packages/gssapi   forgets the results of earlier runs
 *     npm run mutate -- --workers 2 …             two changes at a time; default 1
 *     npm run mutate -- --survivors FILE …        writes what survived, as equivalents/*.json
 *
 * Stryker makes the changes, in a copy of the repository. The exit code is 1 when a scope misses
 * the aim of score.mjs, when the list of equivalents is not true, or when the tests fail without
 * any change.
 */
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { judge, readEquivalents } from './equivalents.mjs'
import { mutantsOf, withoutStaticSurvivors } from './mutants.mjs'
import { isAskedFor, scopesOf } from './scopes.mjs'
import { fileLines, scoreLine, scoreOf, survivorText } from './score.mjs'
import { makeWorkingCopy } from './working-copy.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))
const kept = join(root, 'node_modules', '.cache', 's4u-mutation')

/**
 * A mutant that loops is stopped after twice the time of its tests and this. Real tests here take
 * less than a second.
 */
const TIMEOUT_MS = 5_000

let copy
let stryker
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(130))
stopWithNpm()
process.on('exit', () => {
  stopStryker()
  copy?.remove()
})

await main()

async function main() {
  const { values, positionals } = readArguments()
  if (!existsSync(join(root, 'node_modules', '@stryker-mutator'))) {
    fail('nothing is installed: run `npx pnpm@10.34.9 install` first')
  }
  const scopes = attempt(() => scopesOf(root, positionals, process.env.INIT_CWD ?? process.cwd()))
  const verdicts = []
  for (const scope of scopes) verdicts.push(await mutate(scope, values))
  finish(verdicts, values.survivors)
}

function readArguments() {
  const options = {
    fresh: { type: 'boolean', default: false },
    workers: { type: 'string', default: '1' },
    survivors: { type: 'string' },
  }
  const read = attempt(() => parseArgs({ options, allowPositionals: true }))
  if (!/^[1-9]\d*$/.test(read.values.workers)) fail(`--workers takes a number, not ${read.values.workers}`)
  return read
}

/** One run of Stryker, in a copy of its own. */
async function mutate(scope, { fresh, workers }) {
  const equivalents = attempt(() => readEquivalents(new URL(`equivalents/${scope.name}.json`, import.meta.url)))
  const started = Date.now()
  copy = makeWorkingCopy(root)
  const report = join(copy.path, 'mutation-report.json')
  writeFileSync(join(copy.path, 'stryker.json'), JSON.stringify(optionsOf(scope, { fresh, workers, report })))
  console.log(`\n== ${scope.name}`)
  const code = await runStryker(scope)
  if (code !== 0 || !existsSync(report)) fail(`Stryker ended with ${code}; what it said is above`)
  const mutants = mutantsOf(JSON.parse(readFileSync(report, 'utf8'))).filter(({ file }) => isAskedFor(scope, file))
  copy.remove()
  if (mutants.length === 0) fail(`${scope.name}: nothing there to mutate`)
  const verdict = judge(mutants, equivalents)
  tell(scope, mutants, verdict, Math.round((Date.now() - started) / 1000))
  return { name: scope.name, ...verdict }
}

function optionsOf(scope, { fresh, workers, report }) {
  const earlier = join(kept, `${scope.name}.json`)
  mkdirSync(kept, { recursive: true })
  if (existsSync(earlier)) {
    writeFileSync(earlier, JSON.stringify(withoutStaticSurvivors(JSON.parse(readFileSync(earlier, 'utf8')))))
  }
  return {
    mutate: scope.mutate,
    testRunner: 'vitest',
    plugins: [fileURLToPath(import.meta.resolve('@stryker-mutator/vitest-runner'))],
    vitest: { configFile: 'test/mutation/vitest.config.ts', related: true },
    coverageAnalysis: 'perTest',
    // The copy is ours. Stryker's own sandbox would link to the packages of the repository, which
    // are not changed.
    inPlace: true,
    disableTypeChecks: false,
    checkers: [],
    concurrency: Number(workers),
    timeoutMS: TIMEOUT_MS,
    timeoutFactor: 2,
    dryRunTimeoutMinutes: 15,
    incremental: true,
    incrementalFile: earlier,
    force: fresh,
    reporters: ['json', 'progress-append-only'],
    jsonReporter: { fileName: report },
    clearTextReporter: { allowColor: false },
    allowConsoleColors: false,
    allowEmpty: true,
    logLevel: 'warn',
    fileLogLevel: 'off',
    warnings: { slow: false },
    thresholds: { high: 100, low: 95, break: null },
  }
}

function runStryker(scope) {
  return new Promise((resolve) => {
    const program = fileURLToPath(new URL('stryker.mjs', import.meta.url))
    stryker = spawn(process.execPath, [program, 'stryker.json'], {
      cwd: copy.path,
      env: { ...process.env, NO_COLOR: '1', S4U_MUTATION_TESTS: JSON.stringify(scope.tests) },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      // A process group of its own, so that the processes which it starts end with it.
      detached: true,
    })
    stryker.on('error', (error) => fail(error.message))
    stryker.on('exit', (code, signal) => {
      stopStryker()
      resolve(code ?? signal)
    })
  })
}

function stopStryker() {
  if (stryker?.pid === undefined) return
  try {
    process.kill(-stryker.pid, 'SIGKILL')
  } catch {
    // The group is gone already.
  }
  stryker = undefined
}

function tell(scope, mutants, verdict, seconds) {
  for (const mutant of verdict.survivors) console.log(`\n${survivorText(mutant)}`)
  if (verdict.survivors.length > 0) console.log(`\n${fileLines(mutants, verdict.survivors).join('\n')}`)
  for (const fault of verdict.faults) console.log(`\n${fault}`)
  console.log(`\n${scoreLine(scope.name, verdict)} (${seconds} s)`)
}

function finish(verdicts, survivorsFile) {
  if (survivorsFile !== undefined) writeFileSync(survivorsFile, listOf(verdicts.flatMap(({ survivors }) => survivors)))
  if (verdicts.length > 1) {
    console.log('')
    for (const verdict of verdicts) console.log(scoreLine(verdict.name, verdict))
  }
  process.exit(verdicts.every((verdict) => scoreOf(verdict).reached) ? 0 : 1)
}

function listOf(survivors) {
  const byFile = {}
  for (const { file, before, after } of survivors) (byFile[file] ??= []).push({ before, after, reason: '' })
  return `${JSON.stringify(byFile, null, 2)}\n`
}

/** A signal to npm ends npm and the shell between us, and reaches us only as another parent. */
function stopWithNpm() {
  if (process.env.npm_lifecycle_event === undefined) return
  const parent = process.ppid
  setInterval(() => process.ppid !== parent && process.exit(130), 500).unref()
}

function attempt(action) {
  try {
    return action()
  } catch (error) {
    return fail(error.message)
  }
}

function fail(message) {
  console.log(`FAILED  ${message}`)
  process.exit(1)
}
