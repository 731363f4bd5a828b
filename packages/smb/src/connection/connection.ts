import { distrusted } from '../errors.js'
import {
  Command,
  COMPRESSION_ID,
  readHeader,
  readTransform,
  splitChain,
  TRANSFORM_ID,
  UNASKED,
} from '../wire/header.js'
import { emptyRequest } from '../wire/session-messages.js'
import { Status } from '../wire/status.js'
import { Breaks } from './breaks.js'
import { Credits } from './credits.js'
import { requireAuthentic } from './authenticity.js'
import { cancelMessage } from './cancel.js'
import { chargeOf, encodeChain, type Protection, type Reply, type Request, type RequestContext } from './request.js'
import { SpareMemory } from '../transport/spare-memory.js'
import { type ServerAddress, type Transport, unreachable } from '../transport/transport.js'

interface Pending {
  readonly command: number
  readonly charge: number
  readonly context: RequestContext
  asyncId: bigint | undefined
  /** Ends what the server has promised to answer later. */
  deadline: NodeJS.Timeout | undefined
  settle: (reply: Reply) => void
  fail: (reason: unknown) => void
}

/**
 * How many time limits a request may take that was answered with STATUS_PENDING. A server waits 35
 * seconds for another client to give up an oplock (MS-SMB2 section 3.3.2.1).
 */
const PATIENCE = 4

/** The longest that a timer of Node can wait, in milliseconds. */
const MAX_TIMER = 2 ** 31 - 1

/** Requests of all sessions on one connection, as many at once as credits allow. */
export class Connection {
  readonly server: ServerAddress
  /** Leases and oplocks that the server takes back. */
  readonly breaks = new Breaks()
  readonly #transport: Transport
  readonly #credits = new Credits()
  readonly #memory = new SpareMemory()
  readonly #pending = new Map<bigint, Pending>()
  readonly #protections = new Map<bigint, Protection>()
  readonly #onClose = new Set<(reason: Error) => void>()
  isMultiCredit = false

  constructor(server: ServerAddress, transport: Transport) {
    this.server = server
    this.#transport = transport
    transport.events = {
      frame: (octets) => this.#receive(octets),
      closed: (reason) => this.#fail(reason),
      silent: () => this.#silent(),
    }
    transport.hold(false)
  }

  get isOpen(): boolean {
    return this.#transport.isOpen
  }

  /** The longest silence of a server that owes an answer; milliseconds. */
  get timeLimit(): number {
    return this.#transport.timeLimit
  }

  /**
   * The most octets that one request may carry. Each credit of the server pays for 65,536 octets.
   */
  get affordable(): number {
    return this.isMultiCredit ? this.#credits.held * 65_536 : 65_536
  }

  set maxFrame(octets: number) {
    this.#transport.maxFrame = octets
  }

  /**
   * Calls `closed` once, with the reason, when the connection ends. Returns a function that removes
   * `closed`.
   */
  watch(closed: (reason: Error) => void): () => void {
    this.#onClose.add(closed)
    return () => this.#onClose.delete(closed)
  }

  close(reason: Error): void {
    this.#transport.close(reason)
  }

  /** From now on encrypted answers of this session are opened. */
  protect(protection: Protection): void {
    this.#protections.set(protection.sessionId, protection)
  }

  unprotect(sessionId: bigint): void {
    this.#protections.delete(sessionId)
  }

  /**
   * Sends a chain of requests, and resolves to their answers whatever their statuses are.
   * @param sent is given the octets as they are sent, without frame and encryption
   * @throws FileServerUnreachableError, RejectedTokenError, MalformedTokenError, and what aborts
   */
  async exchange(
    requests: readonly Request[],
    context: RequestContext,
    sent?: (message: Uint8Array) => void,
  ): Promise<readonly Reply[]> {
    context.signal?.throwIfAborted()
    const charge = requests.reduce((sum, request) => sum + chargeOf(request), 0)
    if (!this.isOpen) throw unreachable(this.server, 'ECONNRESET')
    if (context.isSealed && context.protection?.sealer === undefined) throw noCipher()
    const taken = this.#credits.take(charge, context.signal)
    const firstId = typeof taken === 'bigint' ? taken : await taken
    // Lost since the credits came: nobody would answer any more.
    if (!this.isOpen) throw unreachable(this.server, 'ECONNRESET')
    const credits = this.#credits.wantedWith(charge)
    const numbers = { firstId, credits, isMultiCredit: this.isMultiCredit }
    const chain = encodeChain(requests, context, numbers, (length) => this.#memory.take(length))
    sent?.(chain)
    const answers = this.#await(requests, context, firstId)
    this.#send(chain, context)
    return answers
  }

  #send(message: Uint8Array, { protection, isSealed }: RequestContext): void {
    const giveBack = (): void => this.#memory.giveBack(message)
    if (!isSealed) return this.#transport.send([message], giveBack)
    this.#transport.send(sealed(protection, message))
    giveBack()
  }

  #await(requests: readonly Request[], context: RequestContext, firstId: bigint): Promise<readonly Reply[]> {
    const { signal } = context
    this.#transport.hold(true)
    return new Promise((resolve, reject) => {
      const replies: Reply[] = []
      let missing = requests.length
      const abort = (): void => {
        this.#cancel(ids)
        reject(signal?.reason)
      }
      const ids = requests.map((request, i) => {
        const id = firstId + BigInt(requests.slice(0, i).reduce((sum, each) => sum + chargeOf(each), 0))
        this.#pending.set(id, {
          command: request.command,
          charge: chargeOf(request),
          context,
          asyncId: undefined,
          deadline: undefined,
          settle: (reply) => {
            replies[i] = reply
            missing -= 1
            if (signal?.aborted) context.late?.(reply)
            if (missing > 0) return
            signal?.removeEventListener('abort', abort)
            resolve(replies)
          },
          fail: (reason) => {
            signal?.removeEventListener('abort', abort)
            reject(reason)
          },
        })
        return id
      })
      signal?.addEventListener('abort', abort, { once: true })
    })
  }

  /**
   * A CANCEL carries the message id of the request that it ends. It costs no credits, and the
   * server does not answer it. MS-SMB2 section 3.2.4.24.
   */
  #cancel(ids: readonly bigint[]): void {
    for (const id of ids) {
      const pending = this.#pending.get(id)
      if (pending === undefined) continue
      this.#send(cancelMessage(id, pending.asyncId, pending.context, emptyRequest()), pending.context)
    }
  }

  #receive(frame: Uint8Array): void {
    const id = frame.length < 4 ? 0 : new DataView(frame.buffer, frame.byteOffset).getUint32(0, true)
    if (id === COMPRESSION_ID)
      throw distrusted('STATUS_INVALID_NETWORK_RESPONSE', 'a compressed answer; none was agreed upon')
    if (id !== TRANSFORM_ID) return this.#receiveChain(frame, undefined)
    const { sessionId } = readTransform(frame)
    const protection = this.#protections.get(sessionId)
    if (protection?.sealer === undefined) {
      throw distrusted('STATUS_DECRYPTION_FAILED', 'an encrypted answer of a session that does not encrypt')
    }
    const message = protection.sealer.open(frame)
    this.#transport.reuse(frame)
    this.#receiveChain(message, protection)
  }

  #receiveChain(message: Uint8Array, opened: Protection | undefined): void {
    for (const element of splitChain(message)) this.#receiveOne(element, opened)
  }

  /** Checks of each answer: MS-SMB2 section 3.2.5.1. */
  #receiveOne(message: Uint8Array, opened: Protection | undefined): void {
    const header = readHeader(message)
    if (header.messageId === UNASKED) return this.breaks.take(header.command, message)
    const pending = this.#pending.get(header.messageId)
    if (pending === undefined) throw distrusted('STATUS_INVALID_NETWORK_RESPONSE', 'an answer to what was not asked')
    if (header.command !== pending.command) {
      throw distrusted(
        'STATUS_INVALID_NETWORK_RESPONSE',
        `an answer to command ${header.command}; ${pending.command} was asked`,
      )
    }
    const isInterim = header.status === Status.PENDING && header.asyncId !== undefined
    const isOfNoSession = header.status === Status.USER_SESSION_DELETED
    const { context } = pending
    requireAuthentic(message, { isInterim, isOfNoSession, opened, context, sessionId: header.sessionId })
    this.#credits.grant(header.credits)
    if (isInterim) {
      pending.asyncId = header.asyncId
      if (pending.command !== Command.CHANGE_NOTIFY) pending.deadline ??= this.#givingUpLater()
      return
    }
    clearTimeout(pending.deadline)
    this.#pending.delete(header.messageId)
    if (this.#pending.size === 0) this.#rest()
    this.#credits.settle(pending.charge)
    pending.settle({ status: header.status, header, message })
  }

  /** Nothing is under way: the process may end, and memory for more is not kept. */
  #rest(): void {
    this.#transport.hold(false)
    this.#memory.clear()
  }

  /**
   * What the server has promised to answer later may take longer, and not for ever: the promise
   * comes unsigned, and may be somebody else's.
   */
  #givingUpLater(): NodeJS.Timeout {
    const giveUp = (): void => this.close(unreachable(this.server, 'ETIMEDOUT'))
    return setTimeout(giveUp, Math.min(this.#transport.timeLimit * PATIENCE, MAX_TIMER)).unref()
  }

  /**
   * Nothing has come for as long as the time limit. If a request is owed an answer, or waits for
   * credits, the connection is closed. A watch may last: then the server is asked whether it is
   * there, so that the next silence tells.
   */
  #silent(): void {
    const waiting = [...this.#pending.values()]
    const isOwed = waiting.some(({ asyncId }) => asyncId === undefined)
    if (isOwed || this.#credits.isAwaited) return this.close(unreachable(this.server, 'ETIMEDOUT'))
    const context = waiting[0]?.context
    if (context === undefined) return
    const { protection, isSealed = false } = context
    this.exchange([{ command: Command.ECHO, body: emptyRequest() }], { protection, isSealed }).catch(() => {})
  }

  #fail(reason: Error): void {
    this.#credits.fail(reason)
    for (const pending of [...this.#pending.values()]) {
      clearTimeout(pending.deadline)
      pending.fail(reason)
    }
    this.#pending.clear()
    for (const closed of this.#onClose) closed(reason)
  }
}

function sealed(protection: Protection | undefined, message: Uint8Array): readonly Uint8Array[] {
  if (protection?.sealer === undefined) throw noCipher()
  return protection.sealer.seal(message, protection.sessionId)
}

function noCipher(): Error {
  return distrusted(
    'STATUS_NOT_SUPPORTED',
    'encryption is wanted, and the server has agreed upon no cipher',
    'Dialect 2.1 has none; of 3.0 and later, the server must have it turned on.',
  )
}
