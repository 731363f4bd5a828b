import type { Diagnosis, Finding } from '@s4u/doctor'
import type { DirectorySetting } from '@s4u/kdc-client'
import { expect, test } from 'vitest'
import { planText } from './report-of-findings.js'

const finding = (settings: readonly DirectorySetting[], more: Partial<Finding> = {}): Finding => ({
  check: 'spn-owner',
  title: 'The service principal name is on this account only',
  status: 'failed',
  found: 'HTTP/web.corp.test is not registered.',
  settings,
  ...more,
})

const plan = (...findings: readonly Finding[]): readonly string[] => {
  const diagnosis: Diagnosis = { status: 'failed', cause: findings[0], findings, took: 1 }
  return planText(diagnosis, 'samba')
    .split('\n')
    .filter((line) => line !== '')
}

test('a plan has the commands of one directory, each below what it mends', () => {
  const settings = [{ attribute: 'it must list it', samba: 'samba-tool spn add x y', activeDirectory: 'setspn -S x y' }]
  expect(plan(finding(settings))).toEqual([
    '# spn-owner: HTTP/web.corp.test is not registered.',
    'samba-tool spn add x y',
  ])
})

test.each([
  ['an alternative to the command before it', 'or it must name it', 'samba-tool delegation add-principal x y'],
  ['a command that sets a new password', 'the password', 'samba-tool user setpassword svc-web'],
  ['a command with a word to be filled in', 'it must list it', 'samba-tool spn add x ACCOUNT   # ACCOUNT: the one'],
  [
    'a name that a shell could misread',
    'it must list it',
    'no command, since a shell could misread the name: type it yourself',
  ],
])('%s is a comment there', (_what, attribute, samba) => {
  const [, line] = plan(finding([{ attribute, samba }]))
  expect(line.startsWith('# ')).toBe(true)
})

test('a change with a risk is a comment there, below the risk; a line feed in a name begins no line', () => {
  const settings = [{ attribute: 'not sensitive', samba: 'samba-tool user sensitive alice off' }]
  const found = 'alice\nrm -rf / is sensitive.'
  expect(plan(finding(settings, { found, risk: 'The directory wants it so.' }))).toEqual([
    '# spn-owner: alice rm -rf / is sensitive.',
    '# Careful: The directory wants it so.',
    '# samba-tool user sensitive alice off',
  ])
})

test('what is in order is not in a plan', () => {
  const settings = [{ attribute: 'x', samba: 'samba-tool x' }]
  expect(plan(finding(settings, { status: 'ok' }), finding(settings, { status: 'skipped' }))).toEqual([
    '# Nothing to do.',
  ])
})
