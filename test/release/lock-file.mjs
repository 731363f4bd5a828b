/** Reads from pnpm-lock.yaml what is installed with each package of ours. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'

/**
 * A package of others.
 *
 * @typedef {object} Installed
 * @property {string} name
 * @property {string} version
 * @property {string} integrity `sha512-…`, of its tarball
 * @property {string[]} dependencies names with versions: `undici@7.1.0`
 */

/**
 * @typedef {object} Lock
 * @property {Map<string, string[]>} ours what each of our packages needs: `krb5` →
 *   `@noble/hashes@2.4.0`, or `link:krb5`
 * @property {Map<string, Installed>} others by name with version
 */

/**
 * Returns what the lock file says of production dependencies, optional ones included.
 *
 * @param {string} root
 * @returns {Lock}
 */
export function readLock(root) {
  const lock = parse(readFileSync(join(root, 'pnpm-lock.yaml'), 'utf8'))
  const folders = Object.keys(lock.importers).filter((folder) => folder.startsWith('packages/'))
  const ours = new Map(folders.map((folder) => [folder.slice('packages/'.length), needsOf(lock.importers[folder])]))
  const others = new Map()
  const left = [...ours.values()].flat().filter((id) => !id.startsWith('link:'))
  for (let id = left.pop(); id !== undefined; id = left.pop()) {
    if (others.has(id)) continue
    const installed = installedAs(id, lock)
    others.set(id, installed)
    left.push(...installed.dependencies)
  }
  return { ours, others }
}

/** @param {Record<string, Record<string, { version: string }>>} importer */
function needsOf({ dependencies = {}, optionalDependencies = {} }) {
  return Object.entries({ ...dependencies, ...optionalDependencies }).map(([name, { version }]) =>
    version.startsWith('link:') ? `link:${version.split('/').at(-1)}` : `${name}@${version}`,
  )
}

/** @param {string} id `ldapts@8.2.0`; with the peers it was installed beside: `a@1.0.0(b@2.0.0)` */
function installedAs(id, { packages, snapshots }) {
  const plain = id.replace(/\(.*$/s, '')
  const at = plain.lastIndexOf('@')
  const { dependencies = {}, optionalDependencies = {} } = snapshots[id] ?? {}
  const integrity = packages[plain]?.resolution?.integrity
  if (integrity === undefined)
    throw new Error(`pnpm-lock.yaml: ${plain} has no integrity; it must come from a registry`)
  return {
    name: plain.slice(0, at),
    version: plain.slice(at + 1),
    integrity,
    dependencies: Object.entries({ ...dependencies, ...optionalDependencies }).map(
      ([name, version]) => `${name}@${version}`,
    ),
  }
}

/**
 * Returns all packages of others that come with one of ours: names with versions, sorted.
 *
 * @param {Lock} lock
 * @param {string} name `krb5`
 */
export function comesWith({ ours, others }, name) {
  const seen = new Set()
  const left = [...(ours.get(name) ?? [])]
  for (let id = left.pop(); id !== undefined; id = left.pop()) {
    if (seen.has(id)) continue
    seen.add(id)
    left.push(...(id.startsWith('link:') ? (ours.get(id.slice(5)) ?? []) : (others.get(id)?.dependencies ?? [])))
  }
  const found = [...seen].flatMap((id) => (others.has(id) ? [`${others.get(id).name}@${others.get(id).version}`] : []))
  return [...new Set(found)].sort()
}
