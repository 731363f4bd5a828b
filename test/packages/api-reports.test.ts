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
    await expect(apiReportOf(name)).toMatchFileSnapshot(join(folder, `${name}.api.md`))
  })

  test('and nowhere for a package that is gone', () => {
    const reports = readdirSync(folder).map((file) => file.replace('.api.md', ''))
    expect(reports.filter((name) => !packageNames.includes(name))).toEqual([])
  })
})
