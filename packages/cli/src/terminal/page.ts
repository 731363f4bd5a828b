import { printable } from '@s4u/krb5'
import type { Block, Fields, Line, Style, Table, TableRow, Text, TreeNode } from './blocks.js'
import { cellWidth, wrap } from './wrapping.js'

/** Where blocks are printed. */
export interface Page {
  /** Columns; Infinity where nothing is to be wrapped, as in a file. */
  readonly width: number
  readonly hasColours: boolean
}

/**
 * Lays blocks out for a page. Whatever a peer wrote into a name is escaped here, in the only place
 * where text becomes octets for a terminal: control characters could rewrite what stands around
 * them.
 */
export function layOut(blocks: readonly Block[], page: Page): string {
  return blocks
    .map((block) =>
      linesOf(block, page)
        .map((line) => `${line.trimEnd()}\n`)
        .join(''),
    )
    .join('')
}

/**
 * Octets that others wrote, such as the body of an answer: its lines, without what a terminal would
 * obey.
 */
export function forTerminal(octets: Uint8Array): string {
  const lines = new TextDecoder().decode(octets).replace(/\n$/, '').split('\n')
  return lines
    .map(
      (text) =>
        `${text
          .split('\t')
          .map((part) => printable(part.replace(/\r$/, '')))
          .join('\t')}\n`,
    )
    .join('')
}

function linesOf(block: Block, page: Page): readonly string[] {
  switch (block.kind) {
    case 'line':
      return linesOfText(block, page)
    case 'fields':
      return linesOfFields(block, page)
    case 'table':
      return linesOfTable(block, page)
    case 'tree':
      return linesOfTree(block.root, page)
    case 'verbatim':
      return block.text.replace(/\n$/, '').split('\n').map(printable)
  }
}

function linesOfText({ texts }: Line, page: Page): readonly string[] {
  const [only] = texts
  if (texts.length === 1 && only !== undefined) {
    const { text, style } = partsOf(only)
    return wrap(printable(text), page.width).map((line) => paint(style, line, page))
  }
  return [texts.map((text) => painted(text, page)).join('')]
}

function linesOfFields({ rows }: Fields, page: Page): readonly string[] {
  const indent = Math.max(0, ...rows.map(([label]) => cellWidth(label))) + GAP.length
  return rows.flatMap(([label, value]) => {
    const { text, style } = partsOf(value)
    const lines = wrap(printable(text), page.width - indent)
    return lines.map((part, index) => {
      const before = index === 0 ? padded(label, indent) : ' '.repeat(indent)
      return `${paint('dim', before, page)}${paint(style, part, page)}`
    })
  })
}

function linesOfTable({ heads, rows }: Table, page: Page): readonly string[] {
  const head: TableRow = { cells: heads.map((text) => ({ text, style: 'dim' })) }
  const all = heads.some((text) => text !== '') ? [head, ...rows] : rows
  const widths = heads.map((_, column) =>
    Math.max(...all.map(({ cells }) => cellWidth(printable(partsOf(cells[column] ?? '').text)))),
  )
  return all.flatMap((row) => linesOfRow(row, widths, page))
}

function linesOfRow({ cells, notes = [] }: TableRow, widths: readonly number[], page: Page): readonly string[] {
  const last = widths.length - 1
  const indent = widths.slice(0, last).reduce((sum, width) => sum + width + GAP.length, 0)
  const before = widths.slice(0, last).map((width, column) => {
    const { text, style } = partsOf(cells[column] ?? '')
    return paint(style, padded(printable(text), width + GAP.length), page)
  })
  const { text, style } = partsOf(cells[last] ?? '')
  const rest = wrap(printable(text), page.width - indent)
  const lines = rest.map((part, index) => {
    const start = index === 0 ? before.join('') : ' '.repeat(indent)
    return `${start}${paint(style, part, page)}`
  })
  const below = notes.flatMap((note) => {
    const { text: noteText, style: noteStyle } = partsOf(note)
    const wrapped = wrap(`${NOTE_INDENT}${printable(noteText)}`, page.width)
    return wrapped.map((part) => paint(noteStyle, part, page))
  })
  return [...lines, ...below]
}

function linesOfTree(root: TreeNode, page: Page, before = '', below = ''): readonly string[] {
  const { label, value, children = [] } = root
  // One of a list, such as a group: it names nothing, and is as long as a value.
  const isItem = value === undefined && children.length === 0
  const { text, style } = partsOf(isItem ? label : (value ?? ''))
  const name = isItem ? '' : printable(label)
  const start = text === '' || isItem ? name : `${name}: `
  const room = Math.max(MIN_ROOM, page.width - cellWidth(before) - cellWidth(start))
  const hangs = `${below}${children.length > 0 ? '│  ' : '   '}`
  const [first = '', ...more] = wrap(printable(text), room)
  const lines = [`${paint('dim', before, page)}${paint('bold', start, page)}${paint(style, first, page)}`]
  const rest = wrap(more.join(' '), Math.max(MIN_ROOM, page.width - cellWidth(hangs)))
  if (more.length > 0) lines.push(...rest.map((part) => `${paint('dim', hangs, page)}${paint(style, part, page)}`))
  const inner = children.flatMap((child, index) => {
    const isLast = index === children.length - 1
    return linesOfTree(child, page, `${below}${isLast ? '└─ ' : '├─ '}`, `${below}${isLast ? '   ' : '│  '}`)
  })
  return [...lines, ...inner]
}

const GAP = '  '
const NOTE_INDENT = '    '
/** The columns that a value gets at least, however deep it is nested. */
const MIN_ROOM = 20

function partsOf(text: Text): { readonly text: string; readonly style: Style } {
  return typeof text === 'string' ? { text, style: 'plain' } : text
}

function painted(text: Text, page: Page): string {
  const parts = partsOf(text)
  return paint(parts.style, printable(parts.text), page)
}

function padded(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - cellWidth(text)))
}

function paint(style: Style, text: string, { hasColours }: Page): string {
  const code = SGR[style]
  if (!hasColours || code === undefined || text === '') return text
  return `\u{1b}[${code}m${text}\u{1b}[0m`
}

/**
 * The basic colours, which terminals with a dark and with a light background both show readably.
 */
const SGR: Readonly<Record<Style, string | undefined>> = {
  plain: undefined,
  bold: '1',
  dim: '2',
  good: '32',
  bad: '31',
  warning: '33',
}
