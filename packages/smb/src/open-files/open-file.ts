import { constants } from 'node:buffer'
import { MalformedTokenError, RejectedTokenError } from '@s4u/krb5'
import { type Attempt, requireSuccess } from '../connection/attempt.js'
import type { Reply, Request } from '../connection/request.js'
import type { Tree } from '../connection/tree.js'
import { FileError, FileServerUnreachableError } from '../errors.js'
import type { FileFacts } from '../formats/file-information.js'
import { unlessAborted } from '../transport/unless-aborted.js'
import { type CreateAnswer, type CreateRequest, readCreate, readData, readWritten } from '../wire/file-messages.js'
import { concat } from '../wire/octets.js'
import { Status } from '../wire/status.js'
import { type Again, DurableHandle, type OpenAt } from './durable-handle.js'
import { closing, creating, describing, factsOf, reading, writing } from './file-requests.js'
import { chunksOf, inParallel } from './in-parallel.js'

/** Data of one request; more requests on the way serve better than larger ones. Octets. */
const MAX_CHUNK = 1024 * 1024

/** Lost connections that one request outlives. A way that breaks more often carries nothing. */
const MAX_LOSSES = 8

/** A file that is open on the server. */
export class OpenFile {
  readonly attempt: Attempt
  #at: OpenAt
  /** Undefined: it ends with its connection. */
  readonly #durable: DurableHandle | undefined
  #findingAgain: Promise<void> | undefined

  private constructor(at: OpenAt, attempt: Attempt, durable?: DurableHandle) {
    this.#at = at
    this.attempt = attempt
    this.#durable = durable
  }

  /** @throws FileError, and what aborts: then what was opened meanwhile is closed again */
  static async open(tree: Tree, request: CreateRequest, attempt: Attempt, signal?: AbortSignal): Promise<OpenFile> {
    const late = ({ status, message }: Reply): void => {
      if (status === Status.SUCCESS) tree.request([closing(readCreate(message).fileId)]).catch(() => {})
    }
    const [reply] = await tree.request([creating(request)], { signal, late })
    requireSuccess(reply, attempt)
    return new OpenFile({ tree, answer: readCreate(reply.message) }, attempt)
  }

  /**
   * Opens a file that is found again after a lost connection, where the server grants that.
   * @param again connects again
   * @throws as `open`
   */
  static async openToLast(
    tree: Tree,
    request: CreateRequest,
    attempt: Attempt,
    again: Again,
    signal?: AbortSignal,
  ): Promise<OpenFile> {
    const durable = DurableHandle.for(tree, request, attempt, again)
    if (durable === undefined) return OpenFile.open(tree, request, attempt, signal)
    return new OpenFile(await durable.open(tree, signal), attempt, durable)
  }

  get tree(): Tree {
    return this.#at.tree
  }

  get answer(): CreateAnswer {
    return this.#at.answer
  }

  get fileId(): Uint8Array {
    return this.answer.fileId
  }

  /** Octets of one READ. */
  get readChunk(): number {
    const { session, agreement } = this.tree
    return Math.min(MAX_CHUNK, agreement.maxRead, session.negotiated.connection.affordable)
  }

  get writeChunk(): number {
    const { session, agreement } = this.tree
    return Math.min(MAX_CHUNK, agreement.maxWrite, session.negotiated.connection.affordable)
  }

  /** Octets from an offset: fewer at the end of the file, none behind it. */
  async read(offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array> {
    const reply = await this.#send((fileId) => reading(fileId, offset, length), signal)
    requireSuccess(reply, this.#while('read'), [Status.END_OF_FILE, Status.BUFFER_OVERFLOW])
    return reply.status === Status.END_OF_FILE ? NOTHING : readData(reply.message, length)
  }

  /**
   * Fills a buffer from an offset, with several requests on the way.
   * @returns how many octets there were before the end of the file
   */
  async readInto(buffer: Uint8Array, offset: number, signal?: AbortSignal): Promise<number> {
    let end = buffer.length
    await inParallel(chunksOf(buffer.length, this.readChunk), async ({ from, until }) => {
      for (let at = from; at < Math.min(until, end);) {
        const data = await this.read(offset + at, until - at, signal)
        buffer.set(data, at)
        at += data.length
        if (data.length === 0) end = Math.min(end, at)
      }
    })
    return end
  }

  /**
   * Reads from an offset to the end. Memory is taken as octets come, and not as the server says
   * that they will.
   * @param size what the server says that the file has
   * @throws FileError EFBIG where a buffer cannot have as much
   */
  async readRest(offset: number, size: number, signal?: AbortSignal): Promise<Uint8Array> {
    const claimed = Math.max(0, size - offset)
    if (claimed > constants.MAX_LENGTH) throw tooLarge(this.#while('read'))
    const blocks: Uint8Array[] = []
    for (let at = 0; at < claimed; at += BLOCK) {
      const block = new Uint8Array(Math.min(BLOCK, claimed - at))
      const length = await this.readInto(block, offset + at, signal)
      blocks.push(block.subarray(0, length))
      if (length < block.length) break
    }
    return blocks.length === 1 ? blocks[0] : concat(...blocks)
  }

  /** Writes all octets, with several requests on the way. @throws FileError */
  async write(data: Uint8Array, offset: number, signal?: AbortSignal): Promise<void> {
    await inParallel(chunksOf(data.length, this.writeChunk), async ({ from: first, until }) => {
      for (let at = first; at < until;) {
        const part = data.subarray(at, until)
        const from = offset + at
        const reply = await this.#send((fileId) => writing(fileId, from, part), signal)
        requireSuccess(reply, this.#while('write'))
        const count = readWritten(reply.message, part.length)
        if (count === 0) requireSuccess({ ...reply, status: DISK_FULL }, this.#while('write'))
        at += count
      }
    })
  }

  async facts(signal?: AbortSignal): Promise<FileFacts> {
    const reply = await this.#send(describing, signal)
    return factsOf(reply, this.#while('stat'))
  }

  /** Sends a request, which must do the same when it is sent twice, and checks its status. */
  async request(requestOf: (fileId: Uint8Array) => Request, syscall: string, signal?: AbortSignal): Promise<Reply> {
    const reply = await this.#send(requestOf, signal)
    requireSuccess(reply, this.#while(syscall))
    return reply
  }

  /** Closes the file. A lost connection has closed it already, unless the server keeps it. */
  async close(): Promise<void> {
    const wasLost = !this.tree.isOpen
    try {
      const reply = await this.#send(closing, undefined, false)
      requireSuccess(reply, this.#while('close'), [Status.FILE_CLOSED])
    } catch (error) {
      if (!wasLost) throw error
    } finally {
      this.#durable?.end()
    }
  }

  /**
   * Sends a request, and once more where the connection was lost and the server has kept the file.
   * What was not answered may have been done already: the same octets are read or written at the
   * same place.
   */
  async #send(
    requestOf: (fileId: Uint8Array) => Request,
    signal: AbortSignal | undefined,
    patience = true,
  ): Promise<Reply> {
    for (let losses = 0; ; losses++) {
      const at = this.#at
      try {
        const [reply] = await at.tree.request([requestOf(at.answer.fileId)], { signal })
        return reply
      } catch (error) {
        const isLost = error instanceof FileServerUnreachableError && error.code === 'ECONNRESET'
        if (!isLost || losses === MAX_LOSSES) throw error
        await unlessAborted(this.#findAgain(at, error, patience), signal)
      }
    }
  }

  /** One at a time: what finds it under way waits for it. @throws the reason of the loss */
  #findAgain(lost: OpenAt, reason: unknown, patience: boolean): Promise<void> {
    if (this.#at !== lost) return Promise.resolve()
    const find = async (): Promise<void> => {
      const durable = this.#durable
      try {
        this.#at = (await durable?.findAgain(lost, patience).catch(unlessDistrusted)) ?? lost
      } finally {
        if (this.#at === lost) durable?.end()
      }
    }
    this.#findingAgain ??= find().finally(() => {
      this.#findingAgain = undefined
    })
    return this.#findingAgain.then(() => {
      if (this.#at === lost) throw reason
    })
  }

  #while(syscall: string): Attempt {
    return { syscall, path: this.attempt.path }
  }
}

/**
 * Returns undefined where the file was not found again: the first loss says more than what came of
 * looking for it.
 * @throws RejectedTokenError, MalformedTokenError: a server that is not to be trusted is named
 */
function unlessDistrusted(error: unknown): undefined {
  if (error instanceof RejectedTokenError || error instanceof MalformedTokenError) throw error
}

/** Memory that is taken on a server's word. */
const BLOCK = 64 * 1024 * 1024

function tooLarge({ syscall, path }: Attempt): FileError {
  return new FileError(
    'EFBIG',
    { ntStatus: 'STATUS_FILE_TOO_LARGE', ntStatusCode: 0xc000_0904, syscall, path },
    { hint: `A buffer has at most ${constants.MAX_LENGTH} octets. Use createReadStream.` },
  )
}

const NOTHING: Uint8Array = new Uint8Array(0)
const DISK_FULL = 0xc000_007f
