import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { listFiles, root } from './sources.js'

/** NOTICE names whose octets the vectors are. */

const notice = readFileSync(join(root, 'NOTICE'), 'utf8')

/** How a vector names its source, and the heading of NOTICE for it. */
const HEADINGS: readonly (readonly [RegExp, string])[] = [
  [/gokrb5/, 'gokrb5 ('],
  [/Samba/, 'Samba ('],
  [/MIT krb5|libk5crypto|krb5\/krb5/, 'MIT krb5 ('],
  [/Heimdal/, 'Heimdal ('],
  [/MS-[A-Z]+|Microsoft/, 'Microsoft Open Specifications ('],
  [/RFC \d|RFC \d+(?:\/\d+)+|as etypes/, 'RFCs of the IETF ('],
]

const sources = listFiles(join(root, 'test/vectors'))
  .filter((path) => path.endsWith('.json'))
  .flatMap((path) => [...readFileSync(path, 'utf8').matchAll(/"source":\s*"([^"]*)/g)].map(([, source]) => source))

test('each source of a vector is one that NOTICE names', () => {
  expect(sources.length).toBeGreaterThan(80)
  const known = (source: string): boolean =>
    HEADINGS.some(([pattern, heading]) => pattern.test(source) && notice.includes(`\n${heading}`))
  expect(sources.filter((source) => !known(source))).toEqual([])
})

test('NOTICE names no source that no vector has', () => {
  const unused = HEADINGS.filter(([pattern]) => !sources.some((source) => pattern.test(source)))
  expect(unused.map(([, heading]) => heading)).toEqual([])
})
