import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { countTests, tellSkipped } from './results.mjs'

const folder = mkdtempSync(join(tmpdir(), 's4u-results-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function reportOf(testResults: readonly object[], counts: object): string {
  const file = join(folder, 'report.json')
  const none = { numPassedTests: 0, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0 }
  writeFileSync(file, JSON.stringify({ ...none, ...counts, testResults }))
  return file
}

describe('the report of a suite', () => {
  test('is counted, with the title of each test that was skipped', () => {
    const assertionResults = [
      { title: 'adds', status: 'passed' },
      { title: 'needs CORP: samba not found', status: 'skipped' },
    ]
    const file = reportOf([{ status: 'passed', assertionResults }], { numPassedTests: 1, numPendingTests: 1 })
    expect(countTests(file)).toEqual({ passed: 1, failed: 0, skipped: 1, reasons: ['needs CORP: samba not found'] })
  })

  test('counts a file that does not load as one failure', () => {
    const file = reportOf([{ status: 'failed', assertionResults: [] }], {})
    expect(countTests(file)).toMatchObject({ passed: 0, failed: 1 })
  })

  test('that is not there counts nothing', () => {
    expect(countTests(join(folder, 'absent.json'))).toEqual({ passed: 0, failed: 0, skipped: 0, reasons: [] })
  })
})

describe('what is told of skipped tests', () => {
  test('is each reason once, and the command that installs all that is missing', () => {
    const samba = 'CORP is not available (samba, kinit not found: apt-get install samba krb5-user)'
    const reasons = [`needs CORP: ${samba}`, `needs CORP: ${samba}`, 'curl not found: apt-get install curl']
    expect(tellSkipped(reasons)).toEqual([
      '3 skipped:',
      '  2 × CORP is not available (samba, kinit not found)',
      '  1 × curl not found',
      'Nothing is installed into the system unless you say so. To have these tests too, run as root on Debian:',
      '  S4U_INSTALL=1 npm test',
      'which first does: apt-get install --no-install-recommends curl krb5-user samba',
    ])
  })

  test('names no command where no package is missing', () => {
    expect(tellSkipped(['needs CORP: this realm needs root'])).toEqual(['1 skipped:', '  1 × this realm needs root'])
  })
})
