import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { judge, readEquivalents } from './equivalents.mjs'
import { scopesOf } from './scopes.mjs'

const here = new URL('.', import.meta.url)
const root = fileURLToPath(new URL('../..', here))
const folder = mkdtempSync(join(tmpdir(), 's4u-equivalents-'))
afterAll(() => rmSync(folder, { recursive: true }))

const mutant = { file: 'a.ts', line: 1, mutator: 'M', fate: 'survived', before: 'if (a) b()', after: 'if (true) b()' }
const entry = { file: 'a.ts', before: mutant.before, after: mutant.after, reason: 'a is always true' }

describe('the list of equivalent mutants', () => {
  test('a listed survivor does not count as a survivor', () => {
    const other = { ...mutant, after: 'if (false) b()' }
    expect(judge([mutant, other], [entry])).toEqual({ killed: 0, survivors: [other], equivalent: 1, faults: [] })
  })

  test('a listed mutant that no test reaches does not count either', () => {
    expect(judge([{ ...mutant, fate: 'uncovered' }], [entry])).toMatchObject({ survivors: [], equivalent: 1 })
  })

  test.each(['killed', 'timeout'])('reports an entry whose mutant a test kills (%s)', (fate) => {
    expect(judge([{ ...mutant, fate }], [entry])).toEqual({
      killed: 1,
      survivors: [],
      equivalent: 0,
      faults: ['listed as equivalent, but a test notices it: a.ts: if (a) b() → if (true) b()'],
    })
  })

  test('reports an entry whose code no longer exists', () => {
    const moved = { ...mutant, before: 'if (c) b()' }
    expect(judge([moved], [entry])).toEqual({
      killed: 0,
      survivors: [moved],
      equivalent: 0,
      faults: ['listed as equivalent, but no longer there: a.ts: if (a) b() → if (true) b()'],
    })
  })

  test('is not judged where its file was not mutated', () => {
    expect(judge([{ ...mutant, file: 'b.ts', fate: 'killed' }], [entry]).faults).toEqual([])
  })

  test('an entry covers one place in a file; for more it needs `times`', () => {
    const second = { ...mutant, line: 9 }
    expect(judge([mutant, second], [entry])).toEqual({
      killed: 0,
      survivors: [second],
      equivalent: 1,
      faults: ['listed as equivalent in 1, unnoticed in 2 places: a.ts: if (a) b() → if (true) b()'],
    })
    expect(judge([mutant, second], [{ ...entry, times: 2 }])).toMatchObject({
      survivors: [],
      equivalent: 2,
      faults: [],
    })
    expect(judge([mutant], [{ ...entry, times: 2 }]).faults).toHaveLength(1)
  })

  test('a mutant that is listed twice counts once, and is reported', () => {
    const { equivalent, faults } = judge([mutant], [entry, entry])
    expect([equivalent, faults.length]).toEqual([1, 1])
  })

  test('a mutant that could not be run does not count', () => {
    expect(judge([{ ...mutant, fate: 'invalid' }], [])).toEqual({ killed: 0, survivors: [], equivalent: 0, faults: [] })
  })

  test('needs a reason for each entry', () => {
    const place = join(folder, 'list.json')
    const read = (value: object) => {
      writeFileSync(place, JSON.stringify(value))
      return readEquivalents(pathToFileURL(place))
    }
    const { file, ...rest } = entry
    expect(read({ [file]: [rest] })).toEqual([entry])
    expect(() => read({ [file]: [{ ...rest, reason: '' }] })).toThrow('an equivalent mutant of a.ts has no reason')
    expect(() => read({ [file]: [{ reason: 'none' }] })).toThrow('has no before, no after')
  })

  test('is empty where there is none', () => {
    expect(readEquivalents(pathToFileURL(join(folder, 'none.json')))).toEqual([])
  })

  const lists = readdirSync(new URL('equivalents/', here))
  test.each(lists)('%s names only existing files of its package, and no entry twice', (list) => {
    const name = list.replace(/\.json$/, '')
    const entries = readEquivalents(new URL(`equivalents/${list}`, here))
    for (const { file } of entries) expect(() => scopesOf(root, [file])).not.toThrow()
    expect(entries.filter(({ file }) => !file.startsWith(`packages/${name}/src/`))).toEqual([])
    const keys = entries.map(({ file, before, after }) => [file, before, after].join('\n'))
    expect(new Set(keys).size).toBe(keys.length)
  })
})
