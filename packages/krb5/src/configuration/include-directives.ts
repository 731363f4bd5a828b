/**
 * Reads the files that `include` and `includedir` name. Source: MIT krb5 documentation,
 * "krb5.conf".
 */

/**
 * Reads the files that `include` and `includedir` name. An error that it throws becomes the cause
 * of a ConfigurationError.
 */
export interface IncludeReader {
  readFile(path: string): string
  /** Returns the names in a folder, without the path of the folder. */
  listFolder(path: string): readonly string[]
}

/** A line of a file that names others. */
export interface IncludeDirective {
  readonly kind: 'include' | 'includedir'
  /** What the line names: a file, or a folder. */
  readonly path: string
  /** How many files include each other around the line; 0 in the first file. */
  readonly depth: number
  /** Makes the error about the line. */
  bad(what: string, cause?: unknown): Error
}

/**
 * How deep files may include each other. A file that includes itself would never end, and one that
 * does so twice would fill the memory.
 */
const MAX_INCLUDE_DEPTH = 10
/** How many files may be included altogether. Systems have some dozens in `krb5.conf.d`. */
const MAX_INCLUDED_FILES = 256

/** The files that one configuration includes. */
export class IncludedFiles {
  readonly #reader: IncludeReader | undefined
  #count = 0

  /** @param reader undefined if directives are refused */
  constructor(reader: IncludeReader | undefined) {
    this.#reader = reader
  }

  /**
   * Gives the files of a directive to `use`, one by one. The file may have directives itself.
   *
   * @throws the error that `bad` makes
   */
  forEach({ kind, path, depth, bad }: IncludeDirective, use: (file: string, text: string) => void): void {
    const reader = this.#reader
    if (reader === undefined) throw bad(`${kind} ${path}, but nothing was given to read it with`)
    if (depth === MAX_INCLUDE_DEPTH) throw bad(`files include each other more than ${MAX_INCLUDE_DEPTH} deep`)
    for (const file of kind === 'include' ? [path] : filesIn(reader, path, bad)) {
      if (++this.#count > MAX_INCLUDED_FILES) throw bad(`more than ${MAX_INCLUDED_FILES} included files`)
      use(
        file,
        reading(file, bad, () => textOf(file, reader)),
      )
    }
  }
}

/**
 * Returns the directive that a line is; undefined for another line. It begins in the first column.
 */
export function includeDirectiveIn(line: string): Pick<IncludeDirective, 'kind' | 'path'> | undefined {
  const match = /^(include|includedir)\s(.*)$/s.exec(line)
  if (match === null) return undefined
  return { kind: match[1] === 'include' ? 'include' : 'includedir', path: match[2].trim() }
}

/**
 * Returns the files of a folder in the order of their names. Backups and what package managers
 * leave behind are skipped.
 */
function filesIn(reader: IncludeReader, folder: string, bad: IncludeDirective['bad']): string[] {
  const names = reading(folder, bad, () => [...reader.listFolder(folder)])
  const wanted = names.filter((name) => /^[\w-]+$|^[^.].*\.conf$/.test(name)).sort()
  return wanted.map((name) => `${folder.replace(/\/+$/, '')}/${name}`)
}

/**
 * Reads a file. A folder among the files is skipped, as in MIT's library: package managers and
 * people put some there.
 */
function textOf(file: string, reader: IncludeReader): string {
  try {
    return reader.readFile(file)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EISDIR') return ''
    throw error
  }
}

function reading<T>(path: string, bad: IncludeDirective['bad'], read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw bad(`cannot read ${path}`, error)
  }
}
