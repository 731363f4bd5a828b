/**
 * Reads the syntax of krb5.conf: sections, subsections in braces, and relations (`name = value`).
 * What the names mean is not known here.
 *
 * This reader does what MIT's does, since a file with which `kinit` works must work here:
 *
 * - what stands before the first `[section]` is a comment;
 * - the `{` of a subsection ends its line, or stands alone on the next one; `name = { a = b }` is a
 *   text, whose contents are not read;
 * - a `#` or `;` starts a comment only at the beginning of a line;
 * - `*` after a section, a name or a closing brace makes it final: what is written about it later
 *   is skipped, in the same file (as since MIT 1.22) and in the files that follow;
 * - `include` and `includedir` begin in the first column.
 *
 * Source: MIT krb5 documentation, "krb5.conf", and its profile library.
 */

import { ConfigurationError } from '../errors/errors.js'
import { type IncludeDirective, includeDirectiveIn, IncludedFiles, type IncludeReader } from './include-directives.js'

/** `name = value`, or `name = { … }`. */
export interface ProfileNode {
  readonly name: string
  /** Undefined for a subsection. */
  readonly value: string | undefined
  /** The contents of a subsection in the order of the file. Names may repeat. */
  readonly children: ProfileNode[]
  readonly source: string
  /** Counted from 1. */
  readonly line: number
  final: boolean
}

export interface ProfileOptions {
  /** The name of the file, for errors. */
  readonly source: string
  readonly include?: IncludeReader
}

/**
 * Reads the text of a file into its sections.
 *
 * @throws ConfigurationError KRB5_CONFIG_BADFORMAT, with file and line
 */
export function parseProfile(text: string, options: ProfileOptions): ProfileNode {
  const root = subsection('', options.source, 0)
  new ProfileParser(root, new IncludedFiles(options.include)).parse(text, options.source, 0)
  return root
}

/** Makes the error about one line of a configuration file. */
export function badLine(
  place: { readonly source: string; readonly line: number },
  what: string,
  cause?: unknown,
  hint?: string,
): ConfigurationError {
  return new ConfigurationError(`${place.source}, line ${place.line}: ${what}`, {
    code: 'KRB5_CONFIG_BADFORMAT',
    cause,
    ...(hint !== undefined && { hint }),
  })
}

class ProfileParser {
  readonly #root: ProfileNode
  readonly #included: IncludedFiles
  /** The subsections around the current line, outermost first; empty before the first section. */
  #open: ProfileNode[] = []
  #awaitingBrace = false
  #place = { source: '', line: 0 }
  #depth = 0

  constructor(root: ProfileNode, included: IncludedFiles) {
    this.#root = root
    this.#included = included
  }

  parse(text: string, source: string, depth: number): void {
    this.#depth = depth
    const lines = (text.startsWith('\ufeff') ? text.slice(1) : text).split('\n')
    for (const [index, line] of lines.entries()) {
      this.#place = { source, line: index + 1 }
      this.#parseLine(line)
    }
  }

  #parseLine(line: string): void {
    const directive = includeDirectiveIn(line)
    if (directive !== undefined) return this.#parseIncluded(directive)
    const text = line.trim()
    if (this.#awaitingBrace) {
      if (!text.startsWith('{')) throw this.#bad('expected the { of the subsection that the line before begins')
      this.#awaitingBrace = false
      return
    }
    if (this.#open.length === 0 && !line.startsWith('[')) return
    if (text === '' || text.startsWith('#') || text.startsWith(';')) return
    if (text.startsWith('[')) this.#parseSection(text)
    else if (text.startsWith('}')) this.#closeSubsection(text)
    else this.#parseRelation(text)
  }

  #parseSection(text: string): void {
    if (this.#open.length > 1) throw this.#bad('a section inside of a subsection: a } is missing before it')
    const match = /^\[([^\]]*)\](\*?)\s*(?:[#;].*)?$/.exec(text)
    if (match === null) throw this.#bad('expected [section] alone on its line')
    const section = this.#opened(this.#root, match[1])
    section.final ||= match[2] === '*'
    this.#open = [section]
  }

  #closeSubsection(text: string): void {
    if (this.#open.length < 2) throw this.#bad('a } that closes nothing')
    const closed = this.#open.pop()
    if (closed !== undefined && text.startsWith('}*')) closed.final = true
  }

  #parseRelation(text: string): void {
    const match = /^([^\s=]+)\s*=\s*(.*)$/.exec(text)
    if (match === null) throw this.#bad('expected name = value')
    const star = match[1].indexOf('*')
    const name = star < 0 ? match[1] : match[1].slice(0, star)
    const value = match[2]
    const parent = this.#open[this.#open.length - 1]
    if (value === '' || /^\{\s*$/.test(value)) {
      this.#awaitingBrace = value === ''
      const child = this.#opened(parent, name)
      child.final ||= star >= 0
      this.#open.push(child)
      return
    }
    if (parent.children.some((known) => known.name === name && known.final)) return
    const literal = value.startsWith('"') ? unquote(value) : value
    parent.children.push({ name, value: literal, children: [], ...this.#place, final: star >= 0 })
  }

  /**
   * Returns the subsection of this name, which is made only once: a subsection that is written
   * twice is one. After a final one, the second goes to a subsection that is thrown away.
   */
  #opened(parent: ProfileNode, name: string): ProfileNode {
    const known = parent.children.find((child) => child.name === name && child.value === undefined)
    if (known !== undefined && !known.final) return known
    const made = subsection(name, this.#place.source, this.#place.line)
    if (known === undefined) parent.children.push(made)
    return made
  }

  #parseIncluded(directive: Pick<IncludeDirective, 'kind' | 'path'>): void {
    const bad = (what: string, cause?: unknown): Error => badLine(this.#place, what, cause)
    this.#included.forEach({ ...directive, depth: this.#depth, bad }, (file, text) =>
      new ProfileParser(this.#root, this.#included).parse(text, file, this.#depth + 1),
    )
  }

  #bad(what: string): ConfigurationError {
    return badLine(this.#place, what)
  }
}

function subsection(name: string, source: string, line: number): ProfileNode {
  return { name, value: undefined, children: [], source, line, final: false }
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', b: '\b' }

/**
 * Returns the text up to the next quote that is not escaped. What follows the quote on the line is
 * skipped.
 */
function unquote(text: string): string {
  const inner = /^"((?:[^"\\]|\\.)*)/.exec(text)?.[1] ?? ''
  return inner.replace(/\\(.)/g, (_, character: string) => ESCAPES[character] ?? character)
}
