/** Makes the tarballs that are published, from what is committed. */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { closeSection } from './changelog.mjs'
import { manifestPaths, readManifest, setVersion } from './version.mjs'

/**
 * A copy of the last commit, with the version and the date of the release in it.
 *
 * @param {string} root the repository
 * @param {string} folder where the copy is to be
 * @param {{ version: string, date: string }} release
 */
export function copyFor(root, folder, { version, date }) {
  execFileSync('git', ['clone', '--quiet', '--no-hardlinks', root, folder], { stdio: 'inherit' })
  writeRelease(folder, { version, date })
  return folder
}

/**
 * Writes the version into the manifests, and the date into the changelog.
 *
 * @param {string} root
 * @param {{ version: string, date: string }} release
 * @returns the text of the changelog's section
 */
export function writeRelease(root, { version, date }) {
  const path = join(root, 'CHANGELOG.md')
  const { changelog, text } = closeSection(readFileSync(path, 'utf8'), version, date)
  setVersion(root, version)
  writeFileSync(path, changelog)
  return text
}

/**
 * Installs what the lock file says, builds without what was built before, and packs. Returns the
 * folder of the tarballs.
 *
 * @param {string} copy
 */
export function makeTarballs(copy) {
  const folder = join(copy, 'tarballs')
  mkdirSync(folder)
  const { packageManager } = readManifest(join(copy, 'package.json'))
  pnpm(copy, packageManager, ['install', '--frozen-lockfile', '--prefer-offline'])
  pnpm(copy, packageManager, ['exec', 'turbo', 'run', 'build', '--force', '--filter=./packages/*'])
  nameVersions(copy)
  pnpm(copy, packageManager, ['--filter=./packages/*', '-r', 'pack', '--pack-destination', folder])
  return folder
}

/**
 * Writes the versions of our packages in place of `workspace:^`. pnpm would do it while it packs,
 * in an order that differs from run to run.
 *
 * @param {string} copy
 */
function nameVersions(copy) {
  const paths = manifestPaths(copy)
  const versions = new Map(paths.map(readManifest).map(({ name, version }) => [name, version]))
  for (const path of paths) {
    const text = readFileSync(path, 'utf8')
    writeFileSync(
      path,
      text.replaceAll(/"(@s4u\/[\w-]+)": "workspace:([~^]?)\*?"/g, (_all, name, range) => {
        const version = versions.get(name)
        if (version === undefined) throw new Error(`${path}: ${name} is no package of ours`)
        return `"${name}": "${range}${version}"`
      }),
    )
  }
}

/** @param {string} copy @param {string} packageManager `pnpm@10.34.9` @param {string[]} args */
export function pnpm(copy, packageManager, args) {
  const environment = { ...process.env, TURBO_TELEMETRY_DISABLED: '1', npm_config_update_notifier: 'false' }
  try {
    return execFileSync('npx', ['-y', packageManager, ...args], {
      cwd: copy,
      env: environment,
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    })
  } catch (error) {
    const { stdout = '', stderr = '' } = /** @type {{ stdout?: string, stderr?: string }} */ (error)
    throw new Error(`pnpm ${args.join(' ')} failed:\n${`${stdout}${stderr}`.split('\n').slice(-30).join('\n')}`, {
      cause: error,
    })
  }
}

/**
 * The hash of each tarball: `s4u-krb5-0.2.0.tgz` → `sha512-…`.
 *
 * @param {string} folder
 */
export function hashesOf(folder) {
  const names = readdirSync(folder).filter((name) => name.endsWith('.tgz'))
  if (names.length === 0) throw new Error(`${folder} has no tarballs`)
  return new Map(
    names.sort().map((name) => [
      name,
      `sha512-${createHash('sha512')
        .update(readFileSync(join(folder, name)))
        .digest('base64')}`,
    ]),
  )
}

/**
 * Returns the tarballs that are not the same in both.
 *
 * @param {Map<string, string>} one
 * @param {Map<string, string>} other
 */
export function differences(one, other) {
  return [...new Set([...one.keys(), ...other.keys()])].filter((name) => one.get(name) !== other.get(name))
}
