import type { Readable, Writable } from 'node:stream'
import { basicInformation, endOfFileInformation } from '../formats/file-information.js'
import { FileClass } from '../wire/query-messages.js'
import { Status } from '../wire/status.js'
import { Command } from '../wire/header.js'
import { flushRequest } from '../wire/file-messages.js'
import { refusalOf } from '../connection/attempt.js'
import { secondsOrDate, type TimeLike } from './changes.js'
import { FileStats } from './file-stats.js'
import { changing } from '../open-files/file-requests.js'
import type { OpenFile } from '../open-files/open-file.js'
import { readStream, type ReadStreamOptions, writeStream, type WriteStreamOptions } from '../open-files/file-streams.js'
import { type FileData, octetsOf } from './share-options.js'

/** What a read has brought. */
export interface ReadResult<T extends Uint8Array> {
  readonly bytesRead: number
  readonly buffer: T
}

/**
 * An open file, with the names of `FileHandle` of `node:fs/promises`. After a lost connection it
 * goes on where the server grants durable handles (SMB 3). Where it does not, the file has ended
 * with its connection: every call fails with ECONNRESET, and the file must be opened again.
 *
 * @example
 * ```ts
 * import type { Share } from '@s4u/smb'
 *
 * export async function firstOctets(share: Share, path: string): Promise<Buffer> {
 *   await using file = await share.open(path, 'r')
 *   const { bytesRead, buffer } = await file.read(Buffer.alloc(16), 0, 16, 0)
 *   return buffer.subarray(0, bytesRead)
 * }
 * ```
 */
export class FileHandle implements AsyncDisposable {
  readonly #file: OpenFile
  readonly #release: () => void
  readonly #appends: boolean
  #position = 0
  #isClosed = false

  constructor(file: OpenFile, release: () => void, appends: boolean) {
    this.#file = file
    this.#release = release
    this.#appends = appends
  }

  /**
   * Reads into a buffer: fewer octets at the end of the file.
   * @param position where in the file; null or undefined: behind what was read or written last
   */
  async read<T extends Uint8Array>(
    buffer: T,
    offset = 0,
    length = buffer.length - offset,
    position?: number | null,
  ): Promise<ReadResult<T>> {
    const file = this.#open('read')
    requireRange(offset, length, buffer.length, file.attempt.path)
    const at = position ?? this.#position
    const bytesRead = await file.readInto(buffer.subarray(offset, offset + length), at)
    if (position === undefined || position === null) this.#position = at + bytesRead
    return { bytesRead, buffer }
  }

  /** Reads all from where the last read ended, or from the beginning. */
  async readFile(): Promise<Buffer> {
    const file = this.#open('read')
    const { size } = await file.facts()
    const octets = await file.readRest(this.#position, size)
    this.#position += octets.length
    return Buffer.from(octets.buffer, octets.byteOffset, octets.length)
  }

  /**
   * Writes octets or text.
   * @param position where in the file; null or undefined: behind what was read or written last
   */
  async write(data: FileData, position?: number | null): Promise<{ readonly bytesWritten: number }> {
    const file = this.#open('write')
    const octets = octetsOf(data)
    const at = this.#appends ? (await file.facts()).size : (position ?? this.#position)
    await file.write(octets, at)
    if (position === undefined || position === null) this.#position = at + octets.length
    return { bytesWritten: octets.length }
  }

  async stat(): Promise<FileStats> {
    return new FileStats(await this.#open('stat').facts())
  }

  async truncate(length = 0): Promise<void> {
    const file = this.#open('truncate')
    await file.request((id) => changing(id, FileClass.END_OF_FILE, endOfFileInformation(length)), 'truncate')
  }

  async utimes(atime: TimeLike, mtime: TimeLike): Promise<void> {
    const file = this.#open('utimes')
    const attempt = { syscall: 'utimes', path: file.attempt.path }
    const value = basicInformation({
      accessedAt: secondsOrDate(atime, attempt),
      writtenAt: secondsOrDate(mtime, attempt),
    })
    await file.request((id) => changing(id, FileClass.BASIC, value), 'utimes')
  }

  /** Has the server write to its disk what it keeps in memory. */
  async sync(): Promise<void> {
    const file = this.#open('fsync')
    await file.request((id) => ({ command: Command.FLUSH, body: flushRequest(id) }), 'fsync')
  }

  /** A stream of the contents, which closes the file at its end. */
  createReadStream(options?: ReadStreamOptions): Readable {
    return readStream(
      () => Promise.resolve(this.#open('read')),
      () => this.close(),
      options,
    )
  }

  /** A stream into the file, which closes it at its end. */
  createWriteStream(options?: WriteStreamOptions): Writable {
    return writeStream(
      () => Promise.resolve(this.#open('write')),
      () => this.close(),
      options,
    )
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    try {
      await this.#file.close()
    } finally {
      this.#release()
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #open(syscall: string): OpenFile {
    if (this.#isClosed) throw refusalOf(Status.FILE_CLOSED, { syscall, path: this.#file.attempt.path })
    return this.#file
  }
}

function requireRange(offset: number, length: number, size: number, path: string | undefined): void {
  const isRange = Number.isInteger(offset) && Number.isInteger(length) && offset >= 0 && length >= 0
  if (!isRange || offset + length > size) throw refusalOf(Status.INVALID_PARAMETER, { syscall: 'read', path })
}
