/** Widths of text on a terminal, and where lines may be broken. */

/**
 * Columns that a text takes: letters of East Asia and pictures take two, marks above others none.
 */
export function cellWidth(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length
  let width = 0
  for (const character of text) width += widthOf(character)
  return width
}

function widthOf(character: string): number {
  if (/\p{M}/u.test(character)) return 0
  return WIDE.test(character) ? 2 : 1
}

/** Source: Unicode Standard Annex 11, the ranges of East Asian Width W and F that names have. */
const WIDE =
  /[\u{1100}-\u{115f}\u{2e80}-\u{303e}\u{3041}-\u{a4cf}\u{ac00}-\u{d7a3}\u{f900}-\u{faff}\u{fe30}-\u{fe6f}\u{ff00}-\u{ff60}\u{ffe0}-\u{ffe6}\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u

/**
 * Lines of at most `width` columns, broken between words, and inside of words that are longer.
 * Lines
 * of a text that begins with blanks all begin with them.
 */
export function wrap(text: string, width: number): readonly string[] {
  if (cellWidth(text) <= width) return [text]
  const indent = /^ */.exec(text)?.[0] ?? ''
  return linesOfWords(text.trim(), Math.max(width - indent.length, NARROWEST)).map((part) => `${indent}${part}`)
}

function linesOfWords(text: string, room: number): readonly string[] {
  const lines: string[] = []
  let current = ''
  for (const word of text.split(' ')) {
    const longer = current === '' ? word : `${current} ${word}`
    if (cellWidth(longer) <= room) {
      current = longer
      continue
    }
    if (current !== '') lines.push(current)
    const pieces = piecesOf(word, room)
    lines.push(...pieces.slice(0, -1))
    current = pieces.at(-1) ?? ''
  }
  return [...lines, current]
}

/** Narrower columns would make towers of single letters. */
const NARROWEST = 8

function piecesOf(word: string, room: number): readonly string[] {
  const pieces: string[] = []
  let piece = ''
  let width = 0
  for (const character of word) {
    const more = widthOf(character)
    if (width + more > room) {
      pieces.push(piece)
      piece = ''
      width = 0
    }
    piece += character
    width += more
  }
  return [...pieces, piece]
}
