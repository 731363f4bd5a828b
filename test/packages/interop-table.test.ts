import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { kdcs, shownBy, tableOf } from './interop-table.js'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** The tests run without this; what they say of themselves is read. */
const shown = ['test/interop', 'test/stories', 'packages/test-kdc/src'].flatMap((folder) => shownBy(folder, root))

const page = `# What real KDCs do

Each cell is what a test of this folder sees that KDC do (of the embedded one, its own tests and the stories); an empty one is not tried. The numbers in it are those of KRB-ERROR.

This page is made from the comments \`behaviour: …\` above the tests. After a change: \`npx vitest run --config test/vitest.config.ts test/packages/interop-table.test.ts -u\`. The tests themselves need the servers: \`node test/run.mjs interop\`; where one cannot be had they are skipped with the reason, and fail in CI. \`test/realms\` brings the servers up: Samba 4.17, MIT 1.20 and Heimdal are those of Debian 12; Samba 4.22 and MIT 1.21 are those of Debian 13, unpacked into \`node_modules/.cache/s4u\` and run in a root folder of their own.

${tableOf(shown)}
`

test('the table of what real KDCs do says what the tests say', async () => {
  await expect(page).toMatchFileSnapshot(join(root, 'test/interop/README.md'))
})

test('it has something to say of every KDC', () => {
  expect(kdcs.filter((kdc) => !shown.some((one) => one.kdc === kdc))).toEqual([])
})
