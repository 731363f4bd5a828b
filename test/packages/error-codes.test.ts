import { join } from 'node:path'
import { ERROR_MEANINGS, KRB_ERROR_CODES, KPASSWD_RESULTS, NOTICE_MEANINGS } from '@s4u/krb5'
import { expect, test } from 'vitest'
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

const number = (code: string): string => (code in numbers ? String(numbers[code]) : '')

const page = `# Error codes

\`error.code\` of every error that s4u throws or hands out, with what it means. What to do is \`error.hint\`: it knows the names and the settings of the case. Names that begin with \`S4U_\` are s4u's own; all others are those of the protocols and of MIT krb5, so that a search finds them. The number is the one on the wire, of KRB-ERROR or of a password server.

In TypeScript \`error.code\` is the type \`S4uErrorCode\`, which \`switch\` narrows. A number that no specification names is part of the code: \`KRB_ERROR_1234\`, \`KRB5_KPASSWD_RESULT_99\`.

This page is made from the list \`ERROR_MEANINGS\` of \`@s4u/krb5\`. After a change: \`${WRITE}\`.

| code | number | meaning |
| --- | --- | --- |
${[...codes]
  .sort(([a], [b]) => (a < b ? -1 : 1))
  .map(([code, meaning]) => `| \`${code}\` | ${number(code)} | ${meaning} |`)
  .join('\n')}

# Codes of notices and warnings

A notice is no error: the work goes on, and somebody should know. Its code is that of an event (\`notice.code\`), and of a warning of the process (\`warning.code\` of \`process.on('warning')\`; \`node --disable-warning=S4U_REFUSED\` keeps it quiet). The list is \`NOTICE_MEANINGS\` of \`@s4u/krb5\`.

| code | meaning |
| --- | --- |
${notices.map(([code, meaning]) => `| \`${code}\` | ${meaning} |`).join('\n')}
`

test('docs/error-codes.md says what the list says', async () => {
  await expect(page).toMatchFileSnapshot(join(root, 'docs/error-codes.md'))
})
