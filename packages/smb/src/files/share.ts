import { requireKnownOptions } from '@s4u/krb5'
import type { Readable, Writable } from 'node:stream'
import { copy, rename, setTimes, type TimeLike, truncate } from './changes.js'
import { checkAccess } from './check-access.js'
import type { FileHandle } from './file-handle.js'
import type { ReadStreamOptions, WriteStreamOptions } from '../open-files/file-streams.js'
import type { FileStats, FolderEntry } from './file-stats.js'
import { joined, listFolder, makeFolder, remove, removeOne } from './folders.js'
import type { ShareAccess } from './share-access.js'
import {
  CALL_OPTIONS,
  type CallOptions,
  COPY_OPTIONS,
  type CopyFileOptions,
  type FileData,
  MKDIR_OPTIONS,
  type MkdirOptions,
  WATCH_OPTIONS,
  type WatchFolderOptions,
  octetsOf,
  READ_OPTIONS,
  type ReadFileOptions,
  READDIR_OPTIONS,
  type ReaddirOptions,
  RM_OPTIONS,
  type RmOptions,
  withEncoding,
  WRITE_OPTIONS,
  type WriteFileOptions,
} from './share-options.js'
import type { OpenFlags } from '../open-files/open-flags.js'
import { type Opened, openHandle, openWith, streamFrom, streamInto } from './open-handle.js'
import type { DfsLinks } from './dfs-links.js'
import { listShares, type ServerShare } from '../pipes/list-shares.js'
import { watchFolder, type WatchEvent, type WatchOptions } from './watch-folder.js'
import { appendWhole, describe, readSecurity, readWhole, writeWhole } from './whole-files.js'

/**
 * A share of a file server, with the names of `node:fs/promises`. Everything is done in the name of
 * one user, and the file server's permissions decide.
 *
 * Paths are relative to the share (`reports/2026.pdf`; `/` and `\` are the same). `.` and `..`,
 * names of devices, and streams unless asked for, are refused before anything is sent.
 *
 * @example
 * ```ts
 * import { openShare, type ShareUser } from '@s4u/smb'
 *
 * export async function names(user: ShareUser): Promise<readonly string[]> {
 *   await using share = openShare('\\\\files.ad.test\\docs', { as: user })
 *   return await share.readdir('reports')
 * }
 * ```
 */
export class Share implements AsyncDisposable {
  readonly #access: ShareAccess
  readonly #links: DfsLinks

  constructor(access: ShareAccess, links: DfsLinks) {
    this.#access = access
    this.#links = links
  }

  /** Reads a file: octets, or text where there is an encoding. @throws FileError ENOENT, EACCES */
  readFile(
    path: string,
    options: BufferEncoding | (ReadFileOptions & { readonly encoding: BufferEncoding }),
  ): Promise<string>
  readFile(path: string, options?: (ReadFileOptions & { readonly encoding?: null | undefined }) | null): Promise<Buffer>
  readFile(path: string, options?: ReadFileOptions | BufferEncoding | null): Promise<Buffer | string>
  async readFile(path: string, given?: ReadFileOptions | BufferEncoding | null): Promise<Buffer | string> {
    const { signal, encoding }: ReadFileOptions = withEncoding<ReadFileOptions>('readFile', given, READ_OPTIONS)
    const octets = await this.#in(path, 'open', signal, (access, there) => readWhole(access, there, { signal }))
    const buffer = Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength)
    return encoding ? buffer.toString(encoding) : buffer
  }

  /** Writes a file, in place of what was there. @throws FileError EACCES, EISDIR, ENOSPC */
  async writeFile(path: string, data: FileData, given?: WriteFileOptions | BufferEncoding): Promise<void> {
    const { signal, encoding, flag = 'w' }: WriteFileOptions = withEncoding('writeFile', given, WRITE_OPTIONS)
    const octets = octetsOf(data, encoding)
    return this.#in(path, 'open', signal, (access, there) =>
      flag === 'a'
        ? appendWhole(access, there, octets, { signal })
        : writeWhole(access, there, octets, { signal, exclusive: flag === 'wx' }),
    )
  }

  /** Adds to the end of a file, which is made where it is missing. @throws FileError */
  async appendFile(path: string, data: FileData, given?: WriteFileOptions | BufferEncoding): Promise<void> {
    const { signal, encoding }: WriteFileOptions = withEncoding('appendFile', given, WRITE_OPTIONS)
    const octets = octetsOf(data, encoding)
    return this.#in(path, 'open', signal, (access, there) => appendWhole(access, there, octets, { signal }))
  }

  /** Describes a file or a folder. @throws FileError ENOENT */
  async stat(path: string, given?: CallOptions): Promise<FileStats> {
    const { signal } = requireKnownOptions('stat', given, CALL_OPTIONS)
    return this.#in(path, 'stat', signal, (access, there) => describe(access, there, { signal, follow: true }))
  }

  /** Describes a link itself, and all else as `stat`. @throws FileError ENOENT */
  async lstat(path: string, given?: CallOptions): Promise<FileStats> {
    const { signal } = requireKnownOptions('lstat', given, CALL_OPTIONS)
    return this.#in(path, 'lstat', signal, (access, there) => describe(access, there, { signal, follow: false }))
  }

  /**
   * Lists a folder: names, or entries with `withFileTypes`. With `recursive` names are paths from
   * this folder.
   * @throws FileError ENOENT, ENOTDIR, EACCES
   */
  readdir(path: string, options: ReaddirOptions & { readonly withFileTypes: true }): Promise<FolderEntry[]>
  readdir(path: string, options?: ReaddirOptions & { readonly withFileTypes?: false | undefined }): Promise<string[]>
  async readdir(path: string, given?: ReaddirOptions): Promise<string[] | FolderEntry[]> {
    const { signal, withFileTypes = false, recursive = false } = requireKnownOptions('readdir', given, READDIR_OPTIONS)
    const entries = await this.#in(path, 'scandir', signal, (access, there) =>
      listFolder(access, there, { signal, recursive, shownAs: path }),
    )
    if (withFileTypes) return [...entries]
    const from = joined(path, '').length
    return entries.map(({ parentPath, name }) => joined(parentPath.slice(from), name))
  }

  /**
   * Makes a folder. With `recursive` those above it too; returns the first that was made.
   * @throws FileError EEXIST, ENOENT, EACCES
   */
  async mkdir(path: string, given?: MkdirOptions): Promise<string | undefined> {
    const { signal, recursive = false } = requireKnownOptions('mkdir', given, MKDIR_OPTIONS)
    const first = await this.#in(path, 'mkdir', signal, (access, there) =>
      makeFolder(access, there, { signal, recursive }),
    )
    return recursive ? first : undefined
  }

  /**
   * Removes a file; with `recursive` a folder and all in it. @throws FileError ENOENT, EISDIR,
   * EACCES
   */
  async rm(path: string, given?: RmOptions): Promise<void> {
    const { signal, recursive = false, force = false } = requireKnownOptions('rm', given, RM_OPTIONS)
    return this.#in(path, 'rm', signal, (access, there) => remove(access, there, { signal, recursive, force }))
  }

  /** Removes a file or a link. @throws FileError ENOENT, EISDIR */
  async unlink(path: string, given?: CallOptions): Promise<void> {
    const { signal } = requireKnownOptions('unlink', given, CALL_OPTIONS)
    return this.#in(path, 'unlink', signal, (access, there) => removeOne(access, there, 'unlink', 'file', signal))
  }

  /** Removes an empty folder. @throws FileError ENOTEMPTY, ENOTDIR */
  async rmdir(path: string, given?: CallOptions): Promise<void> {
    const { signal } = requireKnownOptions('rmdir', given, CALL_OPTIONS)
    return this.#in(path, 'rmdir', signal, (access, there) => removeOne(access, there, 'rmdir', 'folder', signal))
  }

  /** Gives a file or a folder another path in this share; a file that is there is replaced. */
  async rename(from: string, to: string, given?: CallOptions): Promise<void> {
    const { signal } = requireKnownOptions('rename', given, CALL_OPTIONS)
    return this.#links.both([from, to], { syscall: 'rename', path: from }, signal, (access, ...paths) =>
      rename(access, ...paths, { signal }),
    )
  }

  /** Copies a file within the server. @throws FileError EEXIST with `exclusive` */
  async copyFile(from: string, to: string, given?: CopyFileOptions): Promise<void> {
    const { signal, exclusive = false } = requireKnownOptions('copyFile', given, COPY_OPTIONS)
    return this.#links.both([from, to], { syscall: 'copyfile', path: from }, signal, (access, ...paths) =>
      copy(access, ...paths, { signal, exclusive }),
    )
  }

  /** Cuts a file, or makes it longer with zeros. */
  async truncate(path: string, length = 0, given?: CallOptions): Promise<void> {
    const { signal } = requireKnownOptions('truncate', given, CALL_OPTIONS)
    return this.#in(path, 'truncate', signal, (access, there) => truncate(access, there, length, { signal }))
  }

  /** Sets when a file was last read and changed: dates, or seconds since 1970. */
  async utimes(path: string, atime: TimeLike, mtime: TimeLike, given?: CallOptions): Promise<void> {
    const { signal } = requireKnownOptions('utimes', given, CALL_OPTIONS)
    return this.#in(path, 'utimes', signal, (access, there) => setTimes(access, there, atime, mtime, { signal }))
  }

  /**
   * Asks the server whether the user may do this to the file: `constants.R_OK` and so on of
   * `node:fs`.
   * @throws FileError EACCES, ENOENT
   */
  async access(path: string, mode = 0, given?: CallOptions): Promise<void> {
    const { signal } = requireKnownOptions('access', given, CALL_OPTIONS)
    return this.#in(path, 'access', signal, (access, there) => checkAccess(access, there, mode, { signal }))
  }

  /**
   * Returns owner, group and access list of a file, self-relative, as `identity.accessCheck` takes
   * them. MS-DTYP section 2.4.6.
   */
  async securityDescriptor(path: string, given?: CallOptions): Promise<Uint8Array> {
    const { signal } = requireKnownOptions('securityDescriptor', given, CALL_OPTIONS)
    return this.#in(path, 'securityDescriptor', signal, (access, there) => readSecurity(access, there, { signal }))
  }

  /**
   * Lists the shares of the server, those that this user may not open among them. MS-SRVS section
   * 3.1.4.8.
   * @throws FileError EACCES; RpcFaultError
   */
  async shares(given?: CallOptions): Promise<readonly ServerShare[]> {
    const { signal } = requireKnownOptions('shares', given, CALL_OPTIONS)
    const access = await this.#links.root({ syscall: 'shares' }, signal)
    const { host, encrypt } = access.target
    return access.use(signal, ({ session }) => listShares(session, host, encrypt, signal))
  }

  /** Opens a file. `flags` are those of `fs.open`; default `r`. @throws FileError */
  async open(path: string, flags: OpenFlags = 'r', given?: CallOptions): Promise<FileHandle> {
    const { signal } = requireKnownOptions('open', given, CALL_OPTIONS)
    return this.#in(path, 'open', signal, (access, there) => openHandle(access, there, flags, signal))
  }

  /** A stream of a file, of the octets from `start` to `end`. Errors come as its `error` event. */
  createReadStream(path: string, given?: ReadStreamOptions): Readable {
    return streamFrom(() => this.#opened(path, 'r', given?.signal), given)
  }

  /** A stream into a file. `flags` are `w`, `wx`, `r+`; default `w`. */
  createWriteStream(path: string, given?: WriteStreamOptions & { readonly flags?: OpenFlags | undefined }): Writable {
    const { flags = 'w', ...options } = given ?? {}
    return streamInto(() => this.#opened(path, flags, options.signal), path, flags, options)
  }

  /** Tells what happens in a folder until `signal` aborts, or the loop over it ends. */
  watch(path: string, given?: WatchFolderOptions): AsyncGenerator<WatchEvent> {
    const { signal, recursive = false } = requireKnownOptions('watch', given, WATCH_OPTIONS)
    return this.#watched(path, { signal, recursive })
  }

  /** Ends the session on the server, if no other share of this user needs it. */
  close(): Promise<void> {
    return this.#links.end()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #in<T>(
    path: string,
    syscall: string,
    signal: AbortSignal | undefined,
    action: (access: ShareAccess, path: string) => Promise<T>,
  ): Promise<T> {
    return this.#links.follow(path, { syscall, path }, signal, ({ access, path: there }) => action(access, there))
  }

  #opened(path: string, flags: OpenFlags, signal: AbortSignal | undefined): Promise<Opened> {
    return this.#in(path, 'open', signal, (access, there) => openWith(access, there, flags, signal))
  }

  async *#watched(path: string, options: WatchOptions): AsyncGenerator<WatchEvent> {
    const { access, path: there } = await this.#links.placeOf(path, { syscall: 'watch', path }, options.signal)
    yield* watchFolder(access, there, options)
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    const { host, share } = this.#access.target
    return `Share(\\\\${host}\\${share})`
  }
}
