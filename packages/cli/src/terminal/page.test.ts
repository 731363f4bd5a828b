import { expect, test } from 'vitest'
import { fields, line, styled, table } from './blocks.js'
import { forTerminal, layOut } from './page.js'

const plain = (width: number) => ({ width, hasColours: false })

test('columns are as wide as what is in them, and the last one is wrapped below itself', () => {
  const rows = [{ cells: ['1', 'a name of several words'], notes: ['a note of the row'] }, { cells: ['22', 'b'] }]
  expect(layOut([table(['No', 'Name'], rows)], plain(18))).toBe(
    ['No  Name', '1   a name of', '    several words', '    a note of the', '    row', '22  b', ''].join('\n'),
  )
})

test('a page of unlimited width wraps nothing', () => {
  const long = 'word '.repeat(100).trim()
  expect(layOut([line(long)], plain(Infinity))).toBe(`${long}\n`)
})

test('the values of fields stand below each other', () => {
  const block = fields([['Cache', 'FILE:/x'], undefined, ['Who', 'alice and nobody else']])
  expect(layOut([block], plain(20))).toBe('Cache  FILE:/x\nWho    alice and\n       nobody else\n')
})

test('a tree shows what is inside of what', () => {
  const root = {
    label: 'AP-REQ',
    children: [
      { label: 'ticket', value: 'of alice', children: [{ label: 'realm', value: 'AD.TEST' }] },
      { label: 'end' },
    ],
  }
  expect(layOut([{ kind: 'tree', root }], plain(80))).toBe(
    ['AP-REQ', '├─ ticket: of alice', '│  └─ realm: AD.TEST', '└─ end', ''].join('\n'),
  )
})

test('a long value of a tree goes on below it, within its branch', () => {
  const root = { label: 'a', children: [{ label: 'b', value: 'one two three four five six seven' }, { label: 'c' }] }
  expect(layOut([{ kind: 'tree', root }], plain(26))).toBe(
    ['a', '├─ b: one two three four', '│     five six seven', '└─ c', ''].join('\n'),
  )
})

test('one of a list in a tree is printed as a value: not in bold, and on several lines where it is long', () => {
  const root = { label: 'groups', children: [{ label: 'S-1-5-21 (Domain Users)' }] }
  expect(layOut([{ kind: 'tree', root }], plain(24))).toBe('groups\n└─ S-1-5-21 (Domain\n      Users)\n')
  expect(layOut([{ kind: 'tree', root }], { width: 80, hasColours: true })).toBe(
    '\u{1b}[1mgroups\u{1b}[0m\n\u{1b}[2m└─ \u{1b}[0mS-1-5-21 (Domain Users)\n',
  )
})

test('wide letters take two columns, marks none', () => {
  const rows = [{ cells: ['日本', 'x'] }, { cells: ['zoe\u{308}', 'x'] }]
  expect(layOut([table(['', ''], rows)], plain(80))).toBe('日本  x\nzoe\u{308}   x\n')
})

test('what a peer has written is escaped, whatever it is printed in', () => {
  const hostile = 'a\u{1b}[2J\u{202e}b\r\n'
  const shown = 'a\\u{1b}[2J\\u{202e}b\\u{d}\\u{a}'
  const blocks = [
    line(hostile),
    line(styled('bad', hostile), hostile),
    fields([['name', hostile]]),
    table(['', ''], [{ cells: [hostile, hostile], notes: [hostile] }]),
    { kind: 'tree', root: { label: hostile, value: hostile } } as const,
    { kind: 'verbatim', text: `${hostile}second` } as const,
  ]
  const printed = layOut(blocks, { width: Infinity, hasColours: false })
  expect(printed.match(/[^\n -~]/gu)).toBeNull()
  expect(printed.split(shown.slice(0, -6)).length - 1).toBe(10)
})

test('styles are escape sequences where there are colours, and nothing elsewhere', () => {
  const blocks = [line(styled('good', 'yes'))]
  expect(layOut(blocks, { width: 80, hasColours: true })).toBe('\u{1b}[32myes\u{1b}[0m\n')
  expect(layOut(blocks, plain(80))).toBe('yes\n')
})

test('a body that others wrote keeps its lines at a terminal, and nothing that the terminal would obey', () => {
  const body = new TextEncoder().encode('one\t1\r\ntwo\u{1b}[2J\n')
  expect(forTerminal(body)).toBe('one\t1\ntwo\\u{1b}[2J\n')
})
