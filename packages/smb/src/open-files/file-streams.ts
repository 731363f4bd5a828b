/** Files as streams, with several requests on the way, and no more than the reader takes. */

import { Readable, Writable } from 'node:stream'
import { type OptionTableOf, requireKnownOptions } from '@s4u/krb5'
import { Status } from '../wire/status.js'
import { refusalOf } from '../connection/attempt.js'
import { SpareMemory } from '../transport/spare-memory.js'
import type { OpenFile } from './open-file.js'
import { WriteBehind } from './write-behind.js'

/** Options of `createReadStream`. */
export interface ReadStreamOptions {
  /** The first octet. Default: 0. */
  readonly start?: number | undefined
  /** The last octet, which is part of the stream. Default: that of the file. */
  readonly end?: number | undefined
  /** Octets of one part; default 1,048,576. Four are asked for ahead. */
  readonly highWaterMark?: number | undefined
  /** Ends the stream, and its requests on the server. Default: none. */
  readonly signal?: AbortSignal | undefined
}

/** Every name in ReadStreamOptions; others are refused. */
export const READ_STREAM_OPTIONS = {
  start: 'value',
  end: 'value',
  highWaterMark: 'value',
  signal: 'value',
} as const satisfies OptionTableOf<ReadStreamOptions>

/** Options of `createWriteStream`. */
export interface WriteStreamOptions {
  /** Where the first octet goes. Default: 0. */
  readonly start?: number | undefined
  /** Ends the stream, and its requests on the server. Default: none. */
  readonly signal?: AbortSignal | undefined
}

/** Every name in WriteStreamOptions; others are refused. */
export const WRITE_STREAM_OPTIONS = {
  start: 'value',
  signal: 'value',
} as const satisfies OptionTableOf<WriteStreamOptions>

/** On loopback parts of this size are as fast as larger ones, and a stream takes few of them. */
const PART = 1024 * 1024

/** Parts that are asked for before they are wanted, or written while the next come. */
const AHEAD = 4

type Opening = () => Promise<OpenFile>
type Closing = () => Promise<void>

/** @throws ConfigurationError */
export function readStream(open: Opening, close: Closing, given?: ReadStreamOptions): Readable {
  const { signal, ...range } = requireKnownOptions<ReadStreamOptions>('createReadStream', given, READ_STREAM_OPTIONS)
  const stream = Readable.from(partsOf(open, close, range, signal), { objectMode: false, ...(signal && { signal }) })
  // A generator that is ended before it was asked for anything does not come to its `finally`.
  stream.once('close', () => void close().catch(() => {}))
  return stream
}

async function* partsOf(
  open: Opening,
  close: Closing,
  { start = 0, end = Infinity, highWaterMark = PART }: ReadStreamOptions,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  try {
    const file = await open()
    requirePlaces(file, start, end)
    const part = Math.min(highWaterMark, file.readChunk)
    const coming: Promise<Uint8Array>[] = []
    let asked = start
    for (;;) {
      while (coming.length < AHEAD && asked <= end) {
        const length = Math.min(part, end - asked + 1)
        const next = readWhole(file, asked, length, signal)
        next.catch(() => {})
        coming.push(next)
        asked += length
      }
      const data = await coming.shift()
      if (data === undefined || data.length === 0) return
      yield data
      if (data.length < part) return
    }
  } finally {
    await close()
  }
}

/** A server may give fewer octets than there are. */
async function readWhole(
  file: OpenFile,
  offset: number,
  length: number,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const data = await file.read(offset, length, signal)
  if (data.length === length || data.length === 0) return data
  const whole = new Uint8Array(length)
  whole.set(data)
  const more = await file.readInto(whole.subarray(data.length), offset + data.length, signal)
  return whole.subarray(0, data.length + more)
}

function requirePlaces(file: OpenFile, start: number, end: number): void {
  const isPlace = (value: number): boolean => Number.isInteger(value) && value >= 0
  if (isPlace(start) && (end === Infinity || isPlace(end))) return
  throw refusalOf(Status.INVALID_PARAMETER, { syscall: 'read', path: file.attempt.path })
}

/** @throws ConfigurationError */
export function writeStream(open: Opening, close: Closing, given?: WriteStreamOptions): Writable {
  const { start = 0, signal } = requireKnownOptions<WriteStreamOptions>(
    'createWriteStream',
    given,
    WRITE_STREAM_OPTIONS,
  )
  let file: OpenFile | undefined
  let at = start
  const behind = new WriteBehind(AHEAD)
  const memory = new SpareMemory()
  // Whose turn is over may change the octets that it has written.
  const write = async (chunks: readonly Uint8Array[]): Promise<void> => {
    const data = joined(chunks, memory)
    file ??= await open()
    requirePlaces(file, start, Infinity)
    const [opened, from] = [file, at]
    at += data.length
    await behind.add(() => opened.write(data, from, signal).finally(() => memory.giveBack(data)))
  }
  const ended = async (): Promise<void> => {
    // What a write failed with has been told.
    await behind.drained().catch(() => {})
    await close()
  }
  return new Writable({
    highWaterMark: PART,
    ...(signal && { signal }),
    construct: settling(async () => {
      file = await open()
    }),
    write: (chunk: Uint8Array, _encoding, done) => settling(() => write([chunk]))(done),
    // What waits is written at once, so that several requests are on the way.
    writev: (chunks, done) => settling(() => write(chunks.map(({ chunk }) => chunk)))(done),
    final: settling(async () => {
      await behind.drained()
      await close()
    }),
    destroy: (error, done) => settling(ended)((failure) => done(error ?? failure ?? null)),
  })
}

function joined(chunks: readonly Uint8Array[], memory: SpareMemory): Uint8Array {
  const whole = memory.take(chunks.reduce((length, chunk) => length + chunk.length, 0))
  let at = 0
  for (const chunk of chunks) {
    whole.set(chunk, at)
    at += chunk.length
  }
  return whole
}

type Done = (error?: Error | null) => void

/** An asynchronous action as streams of Node want one. */
function settling(action: () => Promise<void>): (done: Done) => void {
  return (done) => {
    action().then(
      () => done(),
      (error: unknown) => done(error instanceof Error ? error : new Error(String(error))),
    )
  }
}
