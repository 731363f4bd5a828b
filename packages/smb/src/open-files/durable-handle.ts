import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Attempt, requireSuccess } from '../connection/attempt.js'
import type { Reply, Request } from '../connection/request.js'
import type { Tree } from '../connection/tree.js'
import { distrusted, FileServerUnreachableError } from '../errors.js'
import {
  breakAcknowledgement,
  durableReconnect,
  durableRequest,
  findDurableGrant,
  leaseRequest,
  LeaseState,
  OplockLevel,
} from '../wire/durable.js'
import {
  closeRequest,
  type CreateAnswer,
  type CreateContext,
  createRequest,
  type CreateRequest,
  Disposition,
  readCreate,
  RELATED_FILE,
} from '../wire/file-messages.js'
import { Command } from '../wire/header.js'
import { Capability } from '../wire/negotiate-message.js'
import { OctetReader } from '../wire/octets.js'
import { FileClass, InfoType, queryInfoRequest, readOutput } from '../wire/query-messages.js'
import { Status } from '../wire/status.js'

/** An open file, where it is now. */
export interface OpenAt {
  readonly tree: Tree
  readonly answer: CreateAnswer
}

/** Connects to the share again, in the same user's name. */
export type Again = (signal?: AbortSignal) => Promise<Tree>

/** Files in a row without a grant, after which a share is not asked any more. */
const REFUSALS = 3

/** The wait before the server is tried for the second time; each later one is twice as long. */
const FIRST_WAIT = 100

/** The longest wait between two attempts to reach the server again; milliseconds. */
const LONGEST_WAIT = 2_000

/**
 * How many times a server that does not find the file is asked again: it may not have seen the loss
 * yet, and look for it among those of nobody.
 */
const MAX_MISSES = 3

/** Octets of FileInternalInformation. MS-FSCC section 2.4.27. */
const NUMBER_OCTETS = 8

/**
 * Opens a file so that the server keeps it when the connection is lost, and finds it again then:
 * in the same user's name, and the same file. MS-SMB2 sections 3.2.4.3.5 and 3.2.4.4.
 */
export class DurableHandle {
  readonly #request: CreateRequest
  readonly #attempt: Attempt
  readonly #again: Again
  readonly #createGuid = randomBytes(16)
  /** Undefined: the server knows oplocks alone. */
  readonly #leaseKey: Uint8Array | undefined
  #fileNumber = 0n
  /** For how long the server keeps the file; milliseconds, 0 where it does not. */
  #keptFor = 0
  #stopListening = (): void => {}

  private constructor(tree: Tree, request: CreateRequest, attempt: Attempt, again: Again) {
    this.#request = request
    this.#attempt = attempt
    this.#again = again
    const hasLeases = (tree.agreement.answer.capabilities & Capability.LEASING) !== 0
    this.#leaseKey = hasLeases ? randomBytes(16) : undefined
  }

  /** Undefined where the share grants none: 2.1 has another version of it. */
  static for(tree: Tree, request: CreateRequest, attempt: Attempt, again: Again): DurableHandle | undefined {
    if (tree.agreement.dialect === '2.1' || tree.durableRefusals >= REFUSALS) return undefined
    return new DurableHandle(tree, request, attempt, again)
  }

  /** @throws FileError, and what aborts: then what was opened meanwhile is closed again */
  async open(tree: Tree, signal: AbortSignal | undefined): Promise<OpenAt> {
    const late = ({ status, header, message }: Reply): void => {
      if (status !== Status.SUCCESS || header.command !== Command.CREATE) return
      const body = closeRequest(readCreate(message).fileId)
      tree.request([{ command: Command.CLOSE, body }]).catch(() => {})
    }
    const [created, numbered] = await tree.request(this.#opening(durableRequest(this.#createGuid)), { signal, late })
    requireSuccess(created, this.#attempt)
    const answer = readCreate(created.message)
    this.#fileNumber = fileNumberOf(numbered)
    this.#keptFor = findDurableGrant(answer.contexts) ?? 0
    tree.durableRefusals = this.isKept ? 0 : tree.durableRefusals + 1
    tree.keepsFiles ||= this.isKept
    this.#listen(tree, answer)
    return { tree, answer }
  }

  get isKept(): boolean {
    return this.#keptFor > 0
  }

  /**
   * Finds the file again. It is tried until the server is there, for as long as it keeps the file
   * and no longer than the time limit.
   * @param patience whether to try more than once
   * @returns undefined where the server has not kept it
   * @throws FileServerUnreachableError; RejectedTokenError where it is another file
   */
  async findAgain(lost: OpenAt, patience: boolean): Promise<OpenAt | undefined> {
    if (!this.isKept) return undefined
    const limit = Math.min(this.#keptFor, lost.tree.session.negotiated.connection.timeLimit)
    const until = performance.now() + (patience ? limit : 0)
    let misses = 0
    for (let wait = FIRST_WAIT; ; wait = Math.min(wait * 2, LONGEST_WAIT)) {
      try {
        const found = await this.#reopen(lost)
        if (found !== undefined || ++misses > MAX_MISSES || performance.now() + wait > until) return found
        await sleep(wait)
      } catch (error) {
        const isAway = error instanceof FileServerUnreachableError
        if (!isAway || performance.now() + wait > until) throw error
        await sleep(wait)
      }
    }
  }

  /** The file is closed: what the server takes back is of no concern any more. */
  end(): void {
    this.#keptFor = 0
    this.#stopListening()
  }

  async #reopen(lost: OpenAt): Promise<OpenAt | undefined> {
    const tree = await this.#again()
    // From here the file may belong to this session, whose loss the server may see later than we
    // do.
    tree.keepsFiles = true
    const reconnect = durableReconnect(this.#createGuid, lost.answer.fileId)
    // The server looks for the old file by its ids alone. One that does not know of such files
    // would open this one, and must not make it empty once more.
    const opening = this.#opening(reconnect, { ...this.#request, disposition: Disposition.OPEN })
    const [created, numbered] = await tree.request(opening)
    if (created.status !== Status.SUCCESS) return undefined
    const answer = readCreate(created.message)
    if (answer.createdAt !== lost.answer.createdAt || fileNumberOf(numbered) !== this.#fileNumber) {
      await tree.request([{ command: Command.CLOSE, body: closeRequest(answer.fileId) }]).catch(() => {})
      throw distrusted(
        'STATUS_INVALID_NETWORK_RESPONSE',
        'after a lost connection the server gave another file in place of the one that was open',
      )
    }
    this.#listen(tree, answer)
    return { tree, answer }
  }

  #opening(durable: CreateContext, wanted = this.#request): readonly [Request, ...Request[]] {
    const lease = this.#leaseKey && leaseRequest(this.#leaseKey)
    const request: CreateRequest = {
      ...wanted,
      oplock: lease ? OplockLevel.LEASE : OplockLevel.BATCH,
      contexts: lease ? [durable, lease] : [durable],
    }
    const number = { type: InfoType.FILE, fileClass: FileClass.INTERNAL, maxOutput: NUMBER_OCTETS }
    return [
      { command: Command.CREATE, body: createRequest(request) },
      { command: Command.QUERY_INFO, body: queryInfoRequest({ fileId: RELATED_FILE, ...number }) },
    ]
  }

  /**
   * Others wait until a lease that is taken back is given up, a server for 35 seconds. Without it
   * the file is not kept any more.
   */
  #listen(tree: Tree, answer: CreateAnswer): void {
    this.#stopListening()
    const { breaks } = tree.session.negotiated.connection
    this.#stopListening = breaks.listen(this.#leaseKey ?? answer.fileId, (change) => {
      const keeps = change.kind === 'lease' ? (change.left & LeaseState.HANDLE) !== 0 : false
      if (!keeps) this.#keptFor = 0
      if (!change.isAwaited) return
      tree.request([{ command: Command.OPLOCK_BREAK, body: breakAcknowledgement(change) }]).catch(() => {})
    })
  }
}

/** 0 where the server does not tell it, or has no numbers. */
function fileNumberOf({ status, message }: Reply): bigint {
  if (status !== Status.SUCCESS) return 0n
  return new OctetReader(readOutput(message, NUMBER_OCTETS, 'QUERY_INFO'), 'FileInternalInformation').u64(0)
}
