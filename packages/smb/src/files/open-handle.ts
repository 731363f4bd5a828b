import type { Readable, Writable } from 'node:stream'
import { Status } from '../wire/status.js'
import { refusalOf } from '../connection/attempt.js'
import { FileHandle } from './file-handle.js'
import { readStream, type ReadStreamOptions, writeStream, type WriteStreamOptions } from '../open-files/file-streams.js'
import { OpenFile } from '../open-files/open-file.js'
import { mannerOf, type OpenFlags } from '../open-files/open-flags.js'
import type { ShareAccess } from './share-access.js'

/** A file that is open, and what lets go of its session. */
export interface Opened {
  readonly file: OpenFile
  readonly release: () => void
  readonly appends: boolean
}

/** Opens a file, which keeps the session until it is closed. @throws FileError */
export async function openHandle(
  access: ShareAccess,
  path: string,
  flags: OpenFlags,
  signal: AbortSignal | undefined,
): Promise<FileHandle> {
  const { file, release, appends } = await openWith(access, path, flags, signal)
  return new FileHandle(file, release, appends)
}

/** @throws FileError */
export async function openWith(
  access: ShareAccess,
  path: string,
  flags: OpenFlags,
  signal: AbortSignal | undefined,
): Promise<Opened> {
  const { request, appends } = mannerOf(flags, path)
  const name = access.nameOf(path, 'open')
  const { tree, release } = await access.hold(signal)
  try {
    const named = { ...request, name: access.openName(tree, name) }
    const file = await OpenFile.openToLast(tree, named, { syscall: 'open', path }, access.again, signal)
    return { file, release, appends }
  } catch (error) {
    release()
    throw error
  }
}

/** Opens at the first read, and closes at the end. */
export function streamFrom(open: () => Promise<Opened>, options: ReadStreamOptions | undefined): Readable {
  const lazy = once(open)
  return readStream(async () => (await lazy.open()).file, lazy.close, options)
}

/** Opens at once, and closes at the end. */
export function streamInto(
  open: () => Promise<Opened>,
  path: string,
  flags: OpenFlags,
  options: WriteStreamOptions,
): Writable {
  // Its place would be the end, which other writers move.
  if (mannerOf(flags, path).appends) throw refusalOf(Status.INVALID_PARAMETER, { syscall: 'open', path })
  const lazy = once(open)
  return writeStream(async () => (await lazy.open()).file, lazy.close, options)
}

function once(open: () => Promise<Opened>): { open(): Promise<Opened>; close(): Promise<void> } {
  let opening: Promise<Opened> | undefined
  let isClosed = false
  return {
    open: () => (opening ??= open()),
    async close() {
      if (isClosed || opening === undefined) return
      isClosed = true
      const opened = await opening.catch(() => undefined)
      if (opened === undefined) return
      try {
        await opened.file.close()
      } finally {
        opened.release()
      }
    },
  }
}
