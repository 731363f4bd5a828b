import type { FileHandle } from '../files/file-handle.js'
import { FileAttribute } from '../wire/file-messages.js'
import type { Share } from '../files/share.js'
import { FileError } from '../errors.js'
import { type Answer, plainAnswer } from './answer.js'
import { type HeaderOf, selectionOf } from './conditions.js'
import { headersOf } from './content-headers.js'
import { validatorsOf } from './validators.js'
import { wholeBody } from './whole-body.js'

/** What is asked for, as every framework can say it. */
export interface FileRequest {
  readonly method: 'GET' | 'HEAD'
  readonly header: HeaderOf
  /** Aborts when the client is gone. */
  readonly signal: AbortSignal
}

/** How contents are shown. */
export interface ContentRules {
  readonly trustContent: boolean
  /** Whether files that are hidden or the system's own are served. */
  readonly hidden: boolean
  readonly now: () => number
}

/**
 * Answers with a file, or with what has changed of it. The file is opened before any condition is
 * looked at, so that 304 tells nothing to who may not read it.
 * @returns undefined for what is hidden or the system's own, unless such files are served
 * @throws FileError EISDIR for a folder, ENOENT, EACCES
 */
export async function answerWithFile(
  share: Share,
  path: string,
  { method, header, signal }: FileRequest,
  { trustContent, hidden, now }: ContentRules,
): Promise<Answer | undefined> {
  const file = await share.open(path, 'r', { signal })
  let isStreamed = false
  try {
    const [stats, ...folders] = await Promise.all([
      file.stat(),
      ...(hidden ? [] : foldersAbove(path).map((folder) => share.stat(folder, { signal }))),
    ])
    signal.throwIfAborted()
    if (!hidden && [stats, ...folders].some(({ attributes }) => (attributes & NOT_SERVED) !== 0)) return undefined
    const validators = validatorsOf(stats, now())
    const selection = selectionOf(method, header, validators, stats.size)
    const headers = headersOf(path, stats, validators, trustContent)
    if (selection.status === 304) return { status: 304, headers: unchanged(headers) }
    if (selection.status === 416) return plainAnswer(416, { 'Content-Range': `bytes */${stats.size}` })
    if (selection.status === 412) return plainAnswer(412)
    const { start, end } = 'part' in selection ? selection.part : { start: 0, end: stats.size - 1 }
    const length = end - start + 1
    const answer: Answer = {
      status: selection.status,
      headers: { ...headers, ...ofPart(selection.status, start, end, stats.size) },
    }
    if (method === 'HEAD') return answer
    if (length === 0) return { ...answer, body: '' }
    isStreamed = true
    return {
      ...answer,
      body: wholeBody(file.createReadStream({ start, end, signal, highWaterMark: PART }), length, path),
    }
  } finally {
    if (!isStreamed) await closeQuietly(file)
  }
}

/**
 * Octets of one request to the file server. Four are on the way or wait for the client, so that one
 * who reads slowly keeps four of them and what the sockets hold.
 */
const PART = 256 * 1024

/** IIS answers these with 404 too (404.8, 404.9): settings, lock files, bins. */
const NOT_SERVED = FileAttribute.HIDDEN | FileAttribute.SYSTEM

/** The folders that a path leads through; the one that is served was named by the app. */
function foldersAbove(path: string): readonly string[] {
  const names = path.split('/').slice(0, -1)
  return names.map((_, i) => names.slice(0, i + 1).join('/'))
}

function ofPart(status: number, start: number, end: number, size: number): Record<string, string> {
  if (status !== 206) return {}
  return { 'Content-Length': String(end - start + 1), 'Content-Range': `bytes ${start}-${end}/${size}` }
}

/** RFC 9110 section 15.4.5. */
function unchanged(headers: Record<string, string>): Record<string, string> {
  const { 'Content-Type': _type, 'Content-Length': _length, 'Accept-Ranges': _ranges, ...kept } = headers
  return kept
}

/** What was to be answered is known already. */
async function closeQuietly(file: FileHandle): Promise<void> {
  await file.close().catch(() => {})
}

/** Whether an error says that the path is a folder's. */
export const isOfFolder = (error: unknown): boolean => error instanceof FileError && error.code === 'EISDIR'
