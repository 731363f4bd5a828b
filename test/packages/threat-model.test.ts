/** The threat model claims nothing that no test shows. */

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { root } from './sources.js'

const text = readFileSync(join(root, 'docs/threat-model.md'), 'utf8')

/** `test/hostile/x.test.ts` “the name of a test”, “another of the same file” */
const shown = [...text.matchAll(/`([\w./-]+\.test\.ts)`((?:,? “[^”]+”)+)/g)].map(([, path, names]) => ({
  path,
  names: [...names.matchAll(/“([^”]+)”/g)].map(([, name]) => name),
}))

/** The rows below a heading whose last column is called test. */
const rows = text.split('\n').filter((line) => line.startsWith('| ') && !/^\| (?:---|.*\| test \|$)/.test(line))

test('each row of the threat model names a test', () => {
  expect(rows.length).toBeGreaterThan(20)
  expect(rows.filter((row) => !/\.test\.ts` “[^”]+”/.test(row))).toEqual([])
})

describe.each(shown)('$path', ({ path, names }) => {
  test('is there', () => expect(existsSync(join(root, path))).toBe(true))

  test.each(names)('has the test “%s”', (name) => {
    const source = readFileSync(join(root, path), 'utf8')
    // A title of several cases begins and ends as the cases do: what varies in between is written
    // as … here.
    const pieces = name.split('…').map((piece) => piece.trim())
    expect(pieces.filter((piece) => !source.includes(piece))).toEqual([])
    expect(Math.max(...pieces.map(({ length }) => length))).toBeGreaterThan(12)
  })
})
