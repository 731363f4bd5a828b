/**
 * The list of equivalent mutants: changes to the source that change nothing that can be seen, each
 * with the reason. `equivalents/PACKAGE.json` maps a file to its entries; an entry is matched by
 * the text of the change, so that it survives a move of the lines and goes with the code that it is
 * about.
 */
import { existsSync, readFileSync } from 'node:fs'

/**
 * @typedef {object} Equivalent
 * @property {string} file below the root
 * @property {string} before the changed lines, as run.mjs prints them
 * @property {string} after the same lines, changed
 * @property {string} reason why nobody could tell the difference
 * @property {number} [times] how many places of the file read so and are equivalent; default 1
 */

/**
 * @param {URL} place a file of the list; none is an empty list
 * @returns {Equivalent[]}
 * @throws Error when an entry lacks something
 */
export function readEquivalents(place) {
  if (!existsSync(place)) return []
  const byFile = JSON.parse(readFileSync(place, 'utf8'))
  return Object.entries(byFile).flatMap(([file, entries]) => entries.map((entry) => check({ file, ...entry })))
}

function check(entry) {
  const missing = ['before', 'after', 'reason'].filter((name) => typeof entry[name] !== 'string' || entry[name] === '')
  if (missing.length > 0) throw new Error(`an equivalent mutant of ${entry.file} has no ${missing.join(', no ')}`)
  return entry
}

/**
 * Divides the mutants that no test noticed into survivors and equivalents, and tells which entries
 * are not true (any more). Entries of files that have no mutant here are not judged: those files
 * were not asked for.
 *
 * @param {import('./mutants.mjs').Mutant[]} mutants
 * @param {Equivalent[]} equivalents
 * @returns {{ killed: number, survivors: import('./mutants.mjs').Mutant[], equivalent: number,
 * faults: string[] }}
 */
export function judge(mutants, equivalents) {
  const unnoticed = mutants.filter((mutant) => mutant.fate === 'survived' || mutant.fate === 'uncovered')
  const listed = new Set()
  const faults = []
  const files = new Set(mutants.map((mutant) => mutant.file))
  for (const entry of equivalents.filter((entry) => files.has(entry.file))) {
    const alike = unnoticed.filter((mutant) => isThe(entry, mutant) && !listed.has(mutant))
    const times = entry.times ?? 1
    for (const mutant of alike.slice(0, times)) listed.add(mutant)
    if (alike.length !== times) faults.push(faultOf(entry, times, alike.length, mutants))
  }
  return {
    killed: mutants.filter((mutant) => mutant.fate === 'killed' || mutant.fate === 'timeout').length,
    survivors: unnoticed.filter((mutant) => !listed.has(mutant)),
    equivalent: listed.size,
    faults,
  }
}

function isThe(entry, mutant) {
  return mutant.file === entry.file && mutant.before === entry.before && mutant.after === entry.after
}

function faultOf(entry, times, found, mutants) {
  const what = `${entry.file}: ${entry.before} → ${entry.after}`
  if (found > 0) return `listed as equivalent in ${times}, unnoticed in ${found} places: ${what}`
  if (mutants.some((mutant) => isThe(entry, mutant))) return `listed as equivalent, but a test notices it: ${what}`
  return `listed as equivalent, but no longer there: ${what}`
}
