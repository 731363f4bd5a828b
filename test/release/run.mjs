/**
 * `npm run release`: makes a release, or tells what keeps it from being one.
 *
 *     npm run release -- 0.2.0 --dry-run     does everything in copies, and changes nothing here
 *     npm run release -- 0.2.0               the same, then the version, the date, a commit, a tag
 *     npm run release -- 0.2.0 --publish     the same, then what was checked goes to npm
 *     npm run release -- 0.2.0 --out FOLDER  keeps tarballs, hashes and the bill of materials there
 *
 * What is released is what is committed. Tarballs are built twice, in two copies, and must be equal
 * to the octet. `--publish` is for the workflow that may sign where a package was built
 * (provenance); elsewhere npm refuses it.
 */
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { BUDGET, kilobytesOf } from './budget.mjs'
import { notPermitted } from './licences.mjs'
import { readLock } from './lock-file.mjs'
import { sbomOf } from './sbom.mjs'
import { smoke } from './smoke.mjs'
import { differingFiles } from './tar-files.mjs'
import { faultsOfTarball } from './tarball-rules.mjs'
import { copyFor, differences, hashesOf, makeTarballs, pnpm, writeRelease } from './tarballs.mjs'
import { manifestPaths, readManifest } from './version.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))

const asked = readArguments()
const work = mkdtempSync(join(tmpdir(), 's4u-release-'))
process.on('exit', () => rmSync(work, { recursive: true, force: true }))
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(130))

/** @type {string[]} */
const failures = []
await main()

async function main() {
  const { version, isDryRun, publishes, out } = asked
  const date = new Date().toISOString().slice(0, 10)
  await step('everything is committed', () => committed(isDryRun))
  const copy = await step('version and changelog', () => copyFor(root, join(work, 'a'), { version, date }))
  if (copy === undefined) return finish()
  const tarballs = await step('build and pack', () => makeTarballs(copy))
  if (tarballs === undefined) return finish()
  await step('the same octets from a second copy', () => reproduced(tarballs, { version, date }))
  await step('publint, attw and provenance', () => wellPacked(tarballs))
  await step('licences', () => licensed(copy))
  await step('size', () => withinBudget(tarballs))
  await step('bill of materials', () => writeSbom(copy, tarballs, version))
  await step('installed and run', () => `${smoke(root, tarballs, join(work, 'project'), version).length} packages`)
  if (out) cpSync(tarballs, resolve(process.env.INIT_CWD ?? '.', out), { recursive: true })
  finish()
  if (isDryRun) return
  await step('commit and tag', () => commit(version, date))
  if (publishes) await step('publish', () => publish(tarballs))
  finish()
}

function readArguments() {
  const options = {
    'dry-run': { type: /** @type {const} */ ('boolean'), default: false },
    publish: { type: /** @type {const} */ ('boolean'), default: false },
    out: { type: /** @type {const} */ ('string') },
  }
  try {
    const { values, positionals } = parseArgs({ options, allowPositionals: true })
    const [version] = positionals
    if (version === undefined || positionals.length > 1)
      throw new Error('name one version: npm run release -- 0.2.0 --dry-run')
    if (values['dry-run'] && values.publish)
      throw new Error('--dry-run and --publish exclude each other; leave one of them out')
    return { version, isDryRun: values['dry-run'], publishes: values.publish, out: values.out }
  } catch (error) {
    console.error(`release: ${messageOf(error)}`)
    return process.exit(2)
  }
}

/**
 * Runs a step, and prints what came of it. A step that fails does not keep the next ones from
 * telling what they find.
 *
 * @template T
 * @param {string} name
 * @param {() => T | Promise<T>} run
 */
async function step(name, run) {
  const started = performance.now()
  try {
    const result = await run()
    const seconds = ((performance.now() - started) / 1_000).toFixed(1)
    console.log(
      `ok      ${name} (${seconds} s)${typeof result === 'string' && !result.startsWith('/') ? `: ${result}` : ''}`,
    )
    return result
  } catch (error) {
    failures.push(name)
    console.log(`FAILED  ${name}: ${messageOf(error)}`)
    return undefined
  }
}

/** @param {unknown} error */
function messageOf(error) {
  return error instanceof Error ? error.message : String(error)
}

function finish() {
  if (failures.length > 0) {
    console.log(`\nNot released: ${failures.join(', ')}.`)
    process.exit(1)
  }
  if (asked.isDryRun) console.log(`\n${asked.version} can be released.`)
}

/** @param {boolean} isDryRun */
function committed(isDryRun) {
  const changed = git(['status', '--porcelain']).trim()
  if (changed === '') return git(['rev-parse', '--short', 'HEAD']).trim()
  if (isDryRun) return `not, and what is not committed is left out: ${changed.split('\n').length} files`
  throw new Error(`these files are not:\n${changed}`)
}

/** @param {string[]} args */
function git(args) {
  return execFileSync('git', args, { cwd: root, encoding: 'utf8' })
}

/** @param {string} tarballs @param {{ version: string, date: string }} release */
function reproduced(tarballs, release) {
  const again = makeTarballs(copyFor(root, join(work, 'another-place', 'b'), release))
  const differing = differences(hashesOf(tarballs), hashesOf(again)).map((name) => {
    const [one, other] = [tarballs, again].map((folder) => readFileSync(join(folder, name)))
    return `${name}: ${differingFiles(one, other).join(' ')}`
  })
  if (differing.length > 0) throw new Error(`\n${differing.join('\n')}`)
  return `${hashesOf(tarballs).size} tarballs`
}

/** @param {string} tarballs */
async function wellPacked(tarballs) {
  const faults = []
  for (const name of hashesOf(tarballs).keys())
    for (const fault of await faultsOfTarball(new Uint8Array(readFileSync(join(tarballs, name)))))
      faults.push(`${name}: ${fault}`)
  if (faults.length > 0) throw new Error(`\n${faults.join('\n')}`)
}

/** @param {string} copy */
function licencesIn(copy) {
  const { packageManager } = readManifest(join(copy, 'package.json'))
  return JSON.parse(pnpm(copy, packageManager, ['licenses', 'list', '--prod', '--json']))
}

/**
 * Examples and frameworks that an app has already are not what we bring along.
 *
 * @param {string} copy
 */
function licensed(copy) {
  const brought = new Set([...readLock(copy).others.values()].map(({ name }) => name))
  const refused = notPermitted(licencesIn(copy)).filter((one) => brought.has(one.replace(/: .*$/, '')))
  if (refused.length > 0) throw new Error(`not permitted (test/release/licences.mjs): ${refused.join(', ')}`)
  return `of ${brought.size} packages`
}

/** @param {string} tarballs */
function withinBudget(tarballs) {
  const faults = []
  let whole = 0
  for (const tarball of hashesOf(tarballs).keys()) {
    const name = tarball.replace(/^s4u-/, '').replace(/-\d+\.\d+\.\d+.*$/, '')
    const kilobytes = kilobytesOf(readFileSync(join(tarballs, tarball)))
    whole += kilobytes
    if (!(kilobytes <= (BUDGET[name] ?? 0))) faults.push(`${name}: ${kilobytes} of ${BUDGET[name] ?? 0} KB`)
  }
  if (faults.length > 0) throw new Error(`beyond test/release/budget.mjs: ${faults.join(', ')}`)
  return `${whole} KB`
}

/** @param {string} copy @param {string} tarballs @param {string} version */
function writeSbom(copy, tarballs, version) {
  const lock = readLock(copy)
  const licences = new Map(
    Object.entries(licencesIn(copy)).flatMap(([licence, packages]) => packages.map(({ name }) => [name, licence])),
  )
  const versions = new Map(
    manifestPaths(copy).map((path) => {
      const { name, version: own } = readManifest(path)
      return [name.replace('@s4u/', ''), own]
    }),
  )
  const text = sbomOf(version, lock, versions, (name) => licences.get(name) ?? 'NOASSERTION')
  mkdirSync(join(work, 'sbom'), { recursive: true })
  const name = `s4u-${version}.cdx.json`
  writeFileSync(join(tarballs, name), text)
  writeFileSync(
    join(tarballs, 'SHA512SUMS'),
    [...hashesOf(tarballs)].map(([file, hash]) => `${hash}  ${file}\n`).join(''),
  )
  return `${lock.ours.size} packages, ${lock.others.size} of others`
}

/** @param {string} version @param {string} date */
function commit(version, date) {
  const text = writeRelease(root, { version, date })
  git(['add', 'CHANGELOG.md', 'package.json', 'packages/*/package.json'])
  git(['commit', '--quiet', '-m', `Release ${version}`])
  git(['tag', '--annotate', `v${version}`, '-m', text])
  return `v${version}; push it with: git push --follow-tags`
}

/** @param {string} tarballs */
function publish(tarballs) {
  for (const name of hashesOf(tarballs).keys())
    execFileSync('npm', ['publish', join(tarballs, name), '--provenance', '--access', 'public'], { stdio: 'inherit' })
  return `${hashesOf(tarballs).size} packages`
}
