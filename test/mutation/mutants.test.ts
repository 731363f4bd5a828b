import { describe, expect, test } from 'vitest'
import { mutantsOf, withoutStaticSurvivors } from './mutants.mjs'

describe('a mutant', () => {
  const location = (line: number, column: number, endLine: number, endColumn: number) => ({
    start: { line, column },
    end: { line: endLine, column: endColumn },
  })
  const read = (source: string, place: object, replacement: string, status = 'Survived') =>
    mutantsOf({
      files: { 'a.ts': { source, mutants: [{ mutatorName: 'M', status, replacement, location: place }] } },
    })[0]

  test('is shown with the line around it', () => {
    expect(read('x\n  if (a) b()  // why\n', location(2, 7, 2, 8), 'true')).toEqual({
      file: 'a.ts',
      line: 2,
      mutator: 'M',
      fate: 'survived',
      before: 'if (a) b() // why',
      after: 'if (true) b() // why',
    })
  })

  test('of several lines is shown in one', () => {
    const shown = read('go(\n  a &&\n    b,\n)', location(2, 3, 3, 6), 'a ||\n    b')
    expect([shown?.before, shown?.after]).toEqual(['a && b,', 'a || b,'])
  })

  test('of a whole function is shown by its two ends', () => {
    const body = `{ first() ${'x'.repeat(500)} last() }`
    const shown = read(`f() ${body}`, location(1, 5, 1, 5 + body.length), '{}')
    expect(shown?.before).toBe(`f() { first() ${'x'.repeat(70)} … ${'x'.repeat(71)} last() }`)
    expect(shown?.after).toBe('f() {}')
  })

  test.each([
    ['Killed', 'killed'],
    ['Timeout', 'timeout'],
    ['Survived', 'survived'],
    ['NoCoverage', 'uncovered'],
    ['RuntimeError', 'killed'],
    ['CompileError', 'invalid'],
    ['Ignored', 'invalid'],
  ])('that Stryker calls %s is %s', (status, fate) => {
    expect(read('a', location(1, 1, 1, 2), 'b', status)?.fate).toBe(fate)
  })
})

test('a survivor that is reached while its file is loaded is tried again in the next run', () => {
  const mutants = [
    { id: '1', status: 'Survived', static: true },
    { id: '2', status: 'Survived', static: false },
    { id: '3', status: 'Killed', static: true },
    { id: '4', status: 'Survived' },
  ]
  const report = { files: { 'a.ts': { source: 'a', mutants } }, schemaVersion: '1' }
  expect(withoutStaticSurvivors(report)).toEqual({
    files: { 'a.ts': { source: 'a', mutants: [mutants[1], mutants[2], mutants[3]] } },
    schemaVersion: '1',
  })
})
