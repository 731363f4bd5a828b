/** The version that all packages share, and the manifests that have it. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * @typedef {{ name: string, version: string, private?: boolean } & Record<string, any>} Manifest
 */

/** The root and all packages, as paths of their manifests. @param {string} root */
export function manifestPaths(root) {
  const folders = readdirSync(join(root, 'packages'), { withFileTypes: true }).filter((entry) => entry.isDirectory())
  return [root, ...folders.map(({ name }) => join(root, 'packages', name))].map((folder) =>
    join(folder, 'package.json'),
  )
}

/** @param {string} path @returns {Manifest} */
export function readManifest(path) {
  return JSON.parse(readFileSync(path, 'utf8'))
}

/**
 * Writes the version into every manifest that has the one of the root. Packages with a line of
 * versions of their own (a drop-in counts as what it stands in for) keep theirs.
 *
 * @param {string} root
 * @param {string} version
 * @throws {Error} if the version is none, or is not above the present one
 */
export function setVersion(root, version) {
  const present = readManifest(join(root, 'package.json')).version
  if (!/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))
    throw new Error(`"${version}" is no version; write one as 0.2.0 or 0.2.0-rc.1`)
  if (!isAbove(version, present))
    throw new Error(`${version} is not above ${present}, which the packages have; name a higher one`)
  for (const path of manifestPaths(root)) {
    const text = readFileSync(path, 'utf8')
    if (JSON.parse(text).version !== present) continue
    writeFileSync(path, text.replace(`"version": "${present}"`, `"version": "${version}"`))
  }
}

/**
 * Whether a version is above another one. Source: Semantic Versioning 2.0.0, section 11.
 *
 * @param {string} version
 * @param {string} other
 */
export function isAbove(version, other) {
  const [ours, theirs] = [parts(version), parts(other)]
  for (let at = 0; at < 3; at++)
    if (ours.numbers[at] !== theirs.numbers[at]) return ours.numbers[at] > theirs.numbers[at]
  if (ours.label === theirs.label) return false
  if (ours.label === undefined || theirs.label === undefined) return ours.label === undefined
  return compareLabels(ours.label.split('.'), theirs.label.split('.')) > 0
}

/** @param {string} version */
function parts(version) {
  const [core = '', label] = version.split(/-(.*)/s)
  return { numbers: core.split('.').map(Number), label: label === '' ? undefined : label }
}

/** @param {string[]} ours @param {string[]} theirs */
function compareLabels(ours, theirs) {
  for (let at = 0; at < Math.max(ours.length, theirs.length); at++) {
    const [one, other] = [ours[at], theirs[at]]
    if (one === other) continue
    if (one === undefined || other === undefined) return one === undefined ? -1 : 1
    const numbers = [one, other].map((text) => /^\d+$/.test(text))
    if (numbers[0] && numbers[1]) return Number(one) - Number(other)
    if (numbers[0] !== numbers[1]) return numbers[0] ? -1 : 1
    return one < other ? -1 : 1
  }
  return 0
}
