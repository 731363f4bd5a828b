import { afterAll, describe, expect, test } from 'vitest'
import { type Example, examplesOfPage, examplesOfSource, readExamples, Workshop } from './examples-in-print.js'
import { unfinishedOf } from './unfinished.js'

const examples = readExamples()
const workshop = new Workshop()
afterAll(() => workshop.close())
const complaints = workshop.compile(examples)

describe.each([...new Set(examples.map(({ from }) => from))])('the examples of %s', (from) => {
  const name = from.startsWith('packages/') ? from.split('/')[1] : 'test'

  test('compile', () => {
    const found = complaints.filter((each) => each.from === from).map(({ text }) => text)
    expect(unfinishedOf(name).examples?.includes(from) ? [] : found).toEqual([])
  })

  const runnable = examples.filter((each) => each.from === from && canRun(each))
  test.each(runnable)('print what they say (line $line)', (example) => {
    expect(workshop.run(example).trim().split('\n')).toEqual(printedBy(example.code))
  })
})

test('nothing else fails to compile', () => {
  const known = new Set(examples.map(({ from }) => from))
  expect(complaints.filter(({ from }) => !known.has(from))).toEqual([])
})

test('there are examples of every package that apps install', () => {
  const packages = new Set(examples.map(({ from }) => from.split('/')[1]))
  expect([...packages]).toEqual(expect.arrayContaining(['acceptor', 'express', 'fetch', 'kdc-client', 'koa', 'krb5']))
})

/**
 * An example that says behind each `console.log` what it prints is run. One that uses a file, a
 * directory or something that the reader has already cannot be.
 */
function canRun({ code, given }: Example): boolean {
  const logs = code.match(/console\.log\(/g) ?? []
  const usesMore =
    given !== '' || /'node:fs'|process\.env|credentials: \{ (?:principal|keytab)|changePassword\(/.test(code)
  return logs.length > 0 && logs.length === printedBy(code).length && !usesMore
}

/** What stands behind `console.log(…) //`. */
function printedBy(code: string): string[] {
  return [...code.matchAll(/console\.log\(.*\) \/\/ (.*)$/gm)].map(([, text]) => text)
}

describe('the reader of examples', () => {
  test('finds fences with what is given, and their lines', () => {
    const page = '# Title\n\n<!-- given: declare const app: object -->\n```ts\nuse(app)\n```\n\n```sh\nls\n```\n'
    expect(examplesOfPage('README.md', page)).toEqual([
      { from: 'README.md', line: 5, language: 'ts', code: 'use(app)\n', given: 'declare const app: object' },
    ])
  })

  test('finds fences in comments', () => {
    const source = '/**\n * Adds.\n *\n * @example\n * ```ts\n * if (add(1, 2))\n *   more()\n * ```\n */\n'
    expect(examplesOfSource('add.ts', source)).toMatchObject([{ line: 6, code: 'if (add(1, 2))\n  more()\n' }])
  })
})
