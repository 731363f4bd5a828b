import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { apiReportOf } from './api-report.js'
import { packageNames, root } from './sources.js'

/** Writes the reports, after a change that is meant; the packages must be built. */
const WRITE = 'npm run build && npx vitest run --config test/vitest.config.ts test/packages/api-reports.test.ts -u'

const folder = join(root, 'docs', 'api')

describe('what a package exports is written down in docs/api, and changes there with each change of it', () => {
  // A command has no exports.
  const names = packageNames.filter((name) => existsSync(join(root, 'packages', name, 'dist', 'index.d.ts')))

  test.each(names)(`%s (${WRITE})`, async (name) => {
    const report = apiReportOf(name)
    expect(withoutSummary(report)).toEqual([])
    await expect(report).toMatchFileSnapshot(join(folder, `${name}.api.md`))
  })

  test('and nowhere for a package that is gone', () => {
    const reports = readdirSync(folder).map((file) => file.replace('.api.md', ''))
    expect(reports.filter((name) => !packageNames.includes(name))).toEqual([])
  })
})

test('an export without a summary is found, and one with a summary is not', () => {
  const report =
    '// @public (undocumented)\nexport interface Bare {\n}\n\n// @public\nexport function said(): void;\n' +
    '\n// @public @deprecated (undocumented)\nexport const OLD = 1;\n\n// @public (undocumented)\nexport const NEW = 1;\n'
  expect(withoutSummary(report)).toEqual(['interface Bare', 'const NEW'])
})

/** The exports that no comment explains. Of an old name its `@deprecated` says what to take. */
function withoutSummary(report: string): string[] {
  const exported = /^\/\/ (?!.*@deprecated).*\(undocumented\)\nexport (?:abstract |declare )?(\w+ \w+)/gm
  return [...report.matchAll(exported)].map(([, name]) => name)
}
