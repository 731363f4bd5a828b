import type { CreateAnswer } from '../wire/file-messages.js'
import { FileAttribute } from '../wire/file-messages.js'
import type { DirectoryEntry, FileFacts } from '../formats/file-information.js'
import { millisecondsOf } from '../formats/file-time.js'

/** The tags of symbolic links and of junctions. MS-FSCC section 2.1.2.1. */
const LINKS: readonly number[] = [0xa000_000c, 0xa000_0003]

/**
 * What is known of a file, with the names of `fs.Stats`. Times are milliseconds since 1970.
 *
 * @example
 * ```ts
 * import type { FileStats } from '@s4u/smb'
 *
 * export const isRecent = (file: FileStats) =>
 *   file.isFile() && file.mtimeMs > Date.now() - 86_400_000
 * ```
 */
export class FileStats {
  readonly size: number
  readonly atimeMs: number
  readonly mtimeMs: number
  readonly ctimeMs: number
  readonly birthtimeMs: number
  /** The number of the file on its disk; 0 where the server does not tell it. */
  readonly ino: bigint
  readonly nlink: number
  /** The attributes of Windows, as bits. MS-FSCC section 2.6. */
  readonly attributes: number
  readonly #reparseTag: number

  constructor(facts: FileFacts) {
    this.size = facts.size
    this.atimeMs = millisecondsOf(facts.accessedAt)
    this.mtimeMs = millisecondsOf(facts.writtenAt)
    this.ctimeMs = millisecondsOf(facts.changedAt)
    this.birthtimeMs = millisecondsOf(facts.createdAt)
    this.ino = facts.fileNumber
    this.nlink = facts.links
    this.attributes = facts.attributes
    this.#reparseTag = facts.reparseTag
  }

  get atime(): Date {
    return new Date(this.atimeMs)
  }

  get mtime(): Date {
    return new Date(this.mtimeMs)
  }

  get ctime(): Date {
    return new Date(this.ctimeMs)
  }

  get birthtime(): Date {
    return new Date(this.birthtimeMs)
  }

  isDirectory(): boolean {
    return (this.attributes & FileAttribute.DIRECTORY) !== 0 && !this.isSymbolicLink()
  }

  isFile(): boolean {
    return !this.isDirectory() && !this.isSymbolicLink()
  }

  /** True for junctions too, as in `node:fs`: the server follows them. */
  isSymbolicLink(): boolean {
    return LINKS.includes(this.#reparseTag)
  }
}

/**
 * An entry of a folder, with the names of `fs.Dirent`, and what the server told with it.
 *
 * @example
 * ```ts
 * import type { FolderEntry } from '@s4u/smb'
 *
 * export const lineOf = (entry: FolderEntry) =>
 *   entry.isDirectory() ? `${entry.name}/` : `${entry.name} ${entry.size}`
 * ```
 */
export class FolderEntry extends FileStats {
  readonly name: string
  /** The folder it is in, as the caller named it. */
  readonly parentPath: string

  constructor(entry: DirectoryEntry, parentPath: string) {
    super(entry)
    this.name = entry.name
    this.parentPath = parentPath
  }
}

/** What the answer to CREATE tells already. */
export function statsOfCreate(answer: CreateAnswer): FileStats {
  return new FileStats({ ...answer, fileNumber: 0n, links: 1, reparseTag: 0 })
}
