import { rpcFragmentLength, type RpcTransport } from '@s4u/krb5'
import { malformedAnswer } from '../errors.js'
import { type Attempt, requireSuccess } from '../connection/attempt.js'
import type { Tree } from '../connection/tree.js'
import { Command } from '../wire/header.js'
import {
  Access,
  closeRequest,
  createRequest,
  Disposition,
  readCreate,
  readData,
  readRequest,
  readWritten,
  writeRequest,
} from '../wire/file-messages.js'
import { concat } from '../wire/octets.js'
import { Status } from '../wire/status.js'

/** The longest that a PDU can be: its length has 16 bits. */
const MAX_PDU = 65_535

/** The fixed part of a PDU, which says how long the whole is. */
const HEADER = 16

/** Carries PDUs of DCE/RPC through a pipe of the server. MS-RPCE section 2.1.1.2. */
export class PipeTransport implements RpcTransport, AsyncDisposable {
  readonly #tree: Tree
  readonly #fileId: Uint8Array
  readonly #attempt: Attempt
  readonly #signal: AbortSignal | undefined

  private constructor(tree: Tree, fileId: Uint8Array, attempt: Attempt, signal: AbortSignal | undefined) {
    this.#tree = tree
    this.#fileId = fileId
    this.#attempt = attempt
    this.#signal = signal
  }

  /**
   * Opens a pipe.
   * @param tree of the share IPC$
   * @throws FileError ENOENT where the service does not run, EACCES
   */
  static async open(tree: Tree, name: string, attempt: Attempt, signal?: AbortSignal): Promise<PipeTransport> {
    const body = createRequest({
      name,
      access: Access.READ | Access.WRITE,
      disposition: Disposition.OPEN,
      options: 0,
    })
    const [reply] = await tree.request([{ command: Command.CREATE, body }], { signal })
    requireSuccess(reply, attempt)
    return new PipeTransport(tree, readCreate(reply.message).fileId, attempt, signal)
  }

  async send(pdu: Uint8Array): Promise<void> {
    const body = writeRequest({ fileId: this.#fileId, offset: 0, length: pdu.length })
    const request = { command: Command.WRITE, body, data: pdu, payload: pdu.length }
    const [reply] = await this.#tree.request([request], { signal: this.#signal })
    requireSuccess(reply, this.#attempt)
    const written = readWritten(reply.message, pdu.length)
    if (written !== pdu.length) throw malformedAnswer('WRITE response.Count', `${pdu.length}`, `${written}`)
  }

  /** A message of the pipe is a PDU; the server may give it in parts. */
  async receive(): Promise<Uint8Array> {
    let pdu = await this.#read(MAX_PDU)
    if (pdu.length < HEADER) throw malformedAnswer('RPC', `at least ${HEADER} octets`, `${pdu.length}`)
    const length = rpcFragmentLength(pdu)
    while (pdu.length < length) {
      const more = await this.#read(length - pdu.length)
      if (more.length === 0) throw malformedAnswer('RPC', `${length} octets`, `${pdu.length}`)
      pdu = concat(pdu, more)
    }
    if (pdu.length > length) throw malformedAnswer('RPC', `${length} octets`, `${pdu.length}`)
    return pdu
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#tree.isOpen) return
    await this.#tree.request([{ command: Command.CLOSE, body: closeRequest(this.#fileId) }])
  }

  async #read(length: number): Promise<Uint8Array> {
    const body = readRequest({ fileId: this.#fileId, offset: 0, length })
    const [reply] = await this.#tree.request([{ command: Command.READ, body, payload: length }], {
      signal: this.#signal,
    })
    requireSuccess(reply, this.#attempt, [Status.BUFFER_OVERFLOW])
    return readData(reply.message, length).slice()
  }
}
