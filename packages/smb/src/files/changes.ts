/** Files renamed, cut, dated and copied. */

import { Command } from '../wire/header.js'
import { Access, CreateOption, type CreateRequest, Disposition } from '../wire/file-messages.js'
import { ControlCode, controlRequest, FileClass, readControlOutput } from '../wire/query-messages.js'
import { OctetReader, OctetWriter } from '../wire/octets.js'
import { Status } from '../wire/status.js'
import { basicInformation, endOfFileInformation, renameInformation } from '../formats/file-information.js'
import { fileTimeOf } from '../formats/file-time.js'
import { type Attempt, refusalOf, requireSuccess } from '../connection/attempt.js'
import { chainOn } from './folders.js'
import { OpenFile } from '../open-files/open-file.js'
import type { ShareAccess } from './share-access.js'
import { toRead } from './whole-files.js'

interface CallOptions {
  readonly signal?: AbortSignal | undefined
}

/** Gives a file or a folder another path in the same share; a file that is there is replaced. */
export async function rename(access: ShareAccess, from: string, to: string, { signal }: CallOptions): Promise<void> {
  const value = renameInformation(access.nameOf(to, 'rename'), true)
  const how = {
    access: Access.DELETE | Access.READ_ATTRIBUTES | Access.SYNCHRONIZE,
    disposition: Disposition.OPEN,
    options: CreateOption.OPEN_REPARSE_POINT,
  }
  await chainOn(access, from, 'rename', signal, how, { fileClass: FileClass.RENAME, value })
}

/** Cuts a file, or makes it longer with zeros. */
export async function truncate(
  access: ShareAccess,
  path: string,
  length: number,
  { signal }: CallOptions,
): Promise<void> {
  const how = { access: Access.WRITE, disposition: Disposition.OPEN, options: CreateOption.NON_DIRECTORY }
  await chainOn(access, path, 'truncate', signal, how, {
    fileClass: FileClass.END_OF_FILE,
    value: endOfFileInformation(length),
  })
}

/** A time as `fs.utimes` takes it: a Date, or seconds since 1970. */
export type TimeLike = number | string | Date

export function secondsOrDate(time: TimeLike, attempt: Attempt): bigint {
  const milliseconds = time instanceof Date ? time.getTime() : Number(time) * 1000
  if (!Number.isFinite(milliseconds)) throw refusalOf(Status.INVALID_PARAMETER, attempt)
  return fileTimeOf(milliseconds)
}

/** Sets the times of the last access and of the last change of the contents. */
export async function setTimes(
  access: ShareAccess,
  path: string,
  atime: TimeLike,
  mtime: TimeLike,
  { signal }: CallOptions,
): Promise<void> {
  const attempt = { syscall: 'utimes', path }
  const value = basicInformation({
    accessedAt: secondsOrDate(atime, attempt),
    writtenAt: secondsOrDate(mtime, attempt),
  })
  const how = { access: Access.WRITE_ATTRIBUTES | Access.SYNCHRONIZE, disposition: Disposition.OPEN, options: 0 }
  await chainOn(access, path, 'utimes', signal, how, { fileClass: FileClass.BASIC, value })
}

export interface CopyOptions extends CallOptions {
  /** Whether the target must not be there yet. */
  readonly exclusive: boolean
}

/** Copies a file within the server; where the server cannot, through this machine. */
export function copy(access: ShareAccess, from: string, to: string, { signal, exclusive }: CopyOptions): Promise<void> {
  const [source, target] = [access.nameOf(from, 'copyfile'), access.nameOf(to, 'copyfile')]
  return access.use(signal, async (tree) => {
    const reading = await OpenFile.open(
      tree,
      toRead(access.openName(tree, source)),
      { syscall: 'copyfile', path: from },
      signal,
    )
    try {
      const request: CreateRequest = {
        name: access.openName(tree, target),
        access: Access.READ | Access.WRITE,
        disposition: exclusive ? Disposition.CREATE : Disposition.OVERWRITE_IF,
        options: CreateOption.NON_DIRECTORY,
      }
      const writing = await OpenFile.open(tree, request, { syscall: 'copyfile', path: to }, signal)
      try {
        if (!(await copyOnServer(reading, writing, signal))) await copyThrough(reading, writing, signal)
      } finally {
        await writing.close()
      }
    } finally {
      await reading.close()
    }
  })
}

/** What each server takes at once. MS-SMB2 section 3.3.3 has these as the usual limits. */
const CHUNK_OCTETS = 1024 * 1024
const CHUNKS = 16

const KEY_OCTETS = 24
const RESUME_KEY_OCTETS = 32
const COPIED_OCTETS = 12

/** Statuses of servers that copy nothing themselves, or less at once. */
const CANNOT: readonly number[] = [Status.NOT_SUPPORTED, Status.INVALID_DEVICE_REQUEST, Status.INVALID_PARAMETER]

/** Returns false where the server cannot. MS-SMB2 sections 2.2.31.1 and 3.2.4.20.2.2. */
async function copyOnServer(source: OpenFile, target: OpenFile, signal: AbortSignal | undefined): Promise<boolean> {
  const { size } = source.answer
  const key = await control(source, ControlCode.REQUEST_RESUME_KEY, new Uint8Array(0), RESUME_KEY_OCTETS, signal)
  if (key === undefined) return false
  const resumeKey = new OctetReader(key, 'SRV_REQUEST_RESUME_KEY').slice(0, KEY_OCTETS, 'ResumeKey').slice()
  for (let at = 0; at < size;) {
    const chunks: { readonly at: number; readonly length: number }[] = []
    for (let next = at; next < size && chunks.length < CHUNKS; next += CHUNK_OCTETS) {
      chunks.push({ at: next, length: Math.min(CHUNK_OCTETS, size - next) })
    }
    const answer = await control(target, ControlCode.COPY_CHUNK, chunkList(resumeKey, chunks), COPIED_OCTETS, signal)
    if (answer === undefined) return false
    const copied = new OctetReader(answer, 'SRV_COPYCHUNK_RESPONSE').u32(8)
    if (copied === 0) return false
    at += copied
  }
  return true
}

function chunkList(
  resumeKey: Uint8Array,
  chunks: readonly { readonly at: number; readonly length: number }[],
): Uint8Array {
  const list = new OctetWriter(32 + chunks.length * 24).set(0, resumeKey).u32(24, chunks.length)
  chunks.forEach(({ at, length }, i) =>
    list
      .u64(32 + i * 24, at)
      .u64(40 + i * 24, at)
      .u32(48 + i * 24, length),
  )
  return list.octets
}

async function control(
  file: OpenFile,
  code: number,
  input: Uint8Array,
  maxOutput: number,
  signal: AbortSignal | undefined,
): Promise<Uint8Array | undefined> {
  const body = controlRequest({ fileId: file.fileId, code, input, maxOutput })
  const request = { command: Command.IOCTL, body, payload: Math.max(input.length, maxOutput) }
  const [reply] = await file.tree.request([request], { signal })
  requireSuccess(reply, { syscall: 'copyfile', path: file.attempt.path }, CANNOT)
  return reply.status === Status.SUCCESS ? readControlOutput(reply.message, maxOutput) : undefined
}

async function copyThrough(source: OpenFile, target: OpenFile, signal: AbortSignal | undefined): Promise<void> {
  const buffer = new Uint8Array(CHUNK_OCTETS * CHUNKS)
  for (let at = 0; ;) {
    const count = await source.readInto(buffer, at, signal)
    await target.write(buffer.subarray(0, count), at, signal)
    at += count
    if (count < buffer.length) return
  }
}
