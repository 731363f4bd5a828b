/**
 * What is printed for people, before it is known how wide the terminal is and whether it has
 * colours.
 */

export type Style = 'plain' | 'bold' | 'dim' | 'good' | 'bad' | 'warning'

/**
 * Text in one style. A part of it may have been written by others: it is escaped when it is
 * printed.
 */
export interface StyledText {
  readonly text: string
  readonly style: Style
}

export type Text = string | StyledText

/** A line, wrapped between words where it is too long. */
export interface Line {
  readonly kind: 'line'
  readonly texts: readonly Text[]
}

/** Labels with their values, the values below each other. */
export interface Fields {
  readonly kind: 'fields'
  readonly rows: readonly (readonly [label: string, value: Text])[]
}

/** Columns as wide as what is in them; the last one takes what is left of the line. */
export interface Table {
  readonly kind: 'table'
  readonly heads: readonly string[]
  readonly rows: readonly TableRow[]
}

export interface TableRow {
  readonly cells: readonly Text[]
  /** Lines below the row that belong to it. */
  readonly notes?: readonly Text[]
}

/** A value with others inside of it. */
export interface Tree {
  readonly kind: 'tree'
  readonly root: TreeNode
}

export interface TreeNode {
  readonly label: string
  readonly value?: Text
  readonly children?: readonly TreeNode[]
}

/** Text that keeps its own lines, such as a script. */
export interface Verbatim {
  readonly kind: 'verbatim'
  readonly text: string
}

export type Block = Line | Fields | Table | Tree | Verbatim

export function line(...texts: readonly Text[]): Line {
  return { kind: 'line', texts }
}

export function fields(rows: readonly (readonly [label: string, value: Text] | undefined)[]): Fields {
  return { kind: 'fields', rows: rows.filter((row) => row !== undefined) }
}

export function table(heads: readonly string[], rows: readonly TableRow[]): Table {
  return { kind: 'table', heads, rows }
}

export function styled(style: Style, text: string): StyledText {
  return { text, style }
}
