import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ERROR_MEANINGS, KRB_ERROR_CODES, KPASSWD_RESULTS, NOTICE_MEANINGS } from '@s4u/krb5'
import { expect, test } from 'vitest'
import { ERROR_HELP } from '../../packages/krb5/src/errors/error-help.js'
import { errorPage } from './error-page.js'
import { readSources, root } from './sources.js'

/** Writes the page, after a change of the list. */
const WRITE = 'npx vitest run --config test/vitest.config.ts test/packages/error-codes.test.ts -u'
const LIST = 'packages/krb5/src/errors/error-codes.ts'
const NOTICES = 'packages/krb5/src/journal/notice-codes.ts'

/** Names of environment variables. */
const VARIABLES = ['S4U_SESSION_KEY']

/**
 * Codes that arrive as numbers: their names stand in the sources once, in the table of the numbers.
 */
const numbers: Readonly<Record<string, number>> = { ...KRB_ERROR_CODES, ...KPASSWD_RESULTS }

const codes = Object.entries(ERROR_MEANINGS)
const shipped = readSources('packages').filter(({ path, isTest }) => !isTest && path !== LIST)

test('each code of the list is used in the sources of some package', () => {
  const quoted = new Set(
    shipped.flatMap(({ text }) => [...text.matchAll(/'([A-Z0-9_]+|[a-z][A-Za-z_]+)'/g)].map(([, one]) => one)),
  )
  expect(codes.map(([code]) => code).filter((code) => !quoted.has(code) && !(code in numbers))).toEqual([])
})

test('each name of a KRB-ERROR and of a result of a password server is in the list', () => {
  expect(Object.keys(numbers).filter((name) => !(name in ERROR_MEANINGS))).toEqual([])
})

test('each code that the documentation of a source says is thrown is in the list', () => {
  const named = shipped.flatMap(({ path, text }) =>
    [...text.matchAll(/@throws [^@/]*/g)].flatMap(([clause]) =>
      [...clause.matchAll(/\b(?:KRB|KDC|KRB5|GSS_S|SEC_E|S4U)_[A-Z0-9_]+/g)].map(([code]) => `${path}: ${code}`),
    ),
  )
  expect(named.length).toBeGreaterThan(100)
  expect(named.filter((one) => !(one.split(': ')[1] in ERROR_MEANINGS))).toEqual([])
})

test('each code of s4u in the sources is that of an error or of a notice, and each notice is there', () => {
  const quoted = new Set(
    shipped
      .filter(({ path }) => path !== NOTICES)
      .flatMap(({ text }) => [...text.matchAll(/['`](S4U_[A-Z0-9_]+?)(?:_\$\{.*)?['`]/g)].map(([, code]) => code)),
  )
  const listed = new Set([...Object.keys(ERROR_MEANINGS), ...Object.keys(NOTICE_MEANINGS), ...VARIABLES])
  expect([...quoted].filter((code) => !listed.has(code))).toEqual([])
  expect(Object.keys(NOTICE_MEANINGS).filter((code) => !quoted.has(code))).toEqual([])
  expect(Object.keys(NOTICE_MEANINGS).filter((code) => code in ERROR_MEANINGS)).toEqual([])
})

test('each meaning is one sentence that fits into a line', () => {
  expect(
    [...codes, ...notices].filter(([, meaning]) => !/^[A-Z][^.]*\.$/.test(meaning) || meaning.length > 100),
  ).toEqual([])
})

const notices = Object.entries(NOTICE_MEANINGS)

const page = errorPage(WRITE)

test('docs/error-codes.md says what the list says', async () => {
  await expect(page).toMatchFileSnapshot(join(root, 'docs/error-codes.md'))
})

test('each code has a heading, to which the help of its error leads', () => {
  const { repository } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const address = repository.url.replace(/^git\+/, '').replace(/\.git$/, '')
  expect(ERROR_HELP).toBe(`${address}/blob/main/docs/error-codes.md`)
  const headings = [...page.matchAll(/^### `(.*)`$/gm)].map(([, heading]) => heading)
  expect(headings).toEqual(expect.arrayContaining([...codes, ...notices].map(([code]) => code)))
  for (const code of ['KDC_ERR_BADOPTION', 'KDC_ERR_S_PRINCIPAL_UNKNOWN', 'KDC_ERR_ETYPE_NOSUPP']) {
    const [section] = page.split(`### \`${code}\`\n`)[1].split('\n### ')
    for (const name of ['Active Directory', 'Samba', 'MIT']) expect(section).toContain(`| ${name} | \``)
  }
})
