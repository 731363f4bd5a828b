import type { Readable, Writable } from 'node:stream'
import { Status } from '../wire/status.js'
import { refusalOf } from '../connection/attempt.js'
import { FileHandle } from './file-handle.js'
import { readStream, type ReadStreamOptions, writeStream, type WriteStreamOptions } from './file-streams.js'
import { OpenFile } from './open-file.js'
import { mannerOf, type OpenFlags } from './open-flags.js'
import type { ShareAccess } from './share-access.js'

interface Opened {
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

async function openWith(
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
    return { file: await OpenFile.open(tree, named, { syscall: 'open', path }, signal), release, appends }
  } catch (error) {
    release()
    throw error
  }
}

/** Opens at the first read, and closes at the end. */
export function streamFrom(access: ShareAccess, path: string, options: ReadStreamOptions | undefined): Readable {
  const lazy = once(() => openWith(access, path, 'r', options?.signal))
  return readStream(async () => (await lazy.open()).file, lazy.close, options)
}

/** Opens at once, and closes at the end. */
export function streamInto(
  access: ShareAccess,
  path: string,
  given: (WriteStreamOptions & { readonly flags?: OpenFlags | undefined }) | undefined,
): Writable {
  const { flags = 'w', ...options } = given ?? {}
  // Its place would be the end, which other writers move.
  if (mannerOf(flags, path).appends) throw refusalOf(Status.INVALID_PARAMETER, { syscall: 'open', path })
  const lazy = once(() => openWith(access, path, flags, options.signal))
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
