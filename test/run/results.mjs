/** Reads what vitest has reported of a suite. */
import { readFileSync } from 'node:fs'

/**
 * @typedef {{ passed: number, failed: number, skipped: number, reasons: string[] }} Counts
 *   `reasons` has one text for each skipped test: why it was
 */

/** @returns {Counts} of the report in `file`, or zeros when there is none */
export function countTests(file) {
  try {
    const result = JSON.parse(readFileSync(file, 'utf8'))
    // A file that fails to load has no failed test of its own, but is a failure all the same.
    const unloadable = result.testResults.filter(
      (one) => one.status === 'failed' && !one.assertionResults.some((test) => test.status === 'failed'),
    ).length
    const tests = result.testResults.flatMap((one) => one.assertionResults)
    return {
      passed: result.numPassedTests,
      failed: result.numFailedTests + unloadable,
      skipped: result.numPendingTests + result.numTodoTests,
      reasons: tests.filter(({ status }) => status === 'skipped' || status === 'pending').map(({ title }) => title),
    }
  } catch {
    return { passed: 0, failed: 0, skipped: 0, reasons: [] }
  }
}

/**
 * What was skipped, why, and how to have it.
 *
 * @param {readonly string[]} reasons one for each skipped test; those of `test/realms` name the
 *   packages that are missing: `… not found: apt-get install krb5-user curl`
 */
export function tellSkipped(reasons) {
  const counts = new Map()
  for (const reason of reasons) {
    const short = reason.replace(/^needs [^:]*: /, '').replaceAll(ADVICE, '')
    counts.set(short, (counts.get(short) ?? 0) + 1)
  }
  const packages = new Set(
    reasons.flatMap((reason) => [...reason.matchAll(ADVICE)].flatMap(([, names]) => names.split(' '))),
  )
  const lines = [`${reasons.length} skipped:`, ...[...counts].map(([reason, count]) => `  ${count} × ${reason}`)]
  if (packages.size === 0) return lines
  return [
    ...lines,
    'Nothing is installed into the system unless you say so. To have these tests too, run as root on Debian:',
    '  S4U_INSTALL=1 npm test',
    `which first does: apt-get install --no-install-recommends ${[...packages].sort().join(' ')}`,
  ]
}

const ADVICE = /: apt-get install ([a-z0-9.+-]+(?: [a-z0-9.+-]+)*)/g
