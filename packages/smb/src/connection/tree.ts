import { FileError } from '../errors.js'
import { Command } from '../wire/header.js'
import { emptyRequest, readTreeConnect, ShareFlag, treeConnectRequest } from '../wire/session-messages.js'
import { meaningOf, Status } from '../wire/status.js'
import type { Agreement } from './negotiate.js'
import type { Reply, Request } from './request.js'
import type { Session } from './session.js'
import { validateNegotiation } from './validate-negotiation.js'

export interface TreeRequest {
  readonly signal?: AbortSignal | undefined
  readonly late?: (reply: Reply) => void
}

/** A share, as one session has it. */
export class Tree {
  readonly session: Session
  /** One of `ShareType`. */
  readonly type: number
  readonly isDfs: boolean
  /** Files in a row that the server has not granted to keep after a lost connection. */
  durableRefusals = 0
  /** Whether the server has granted it of a file. */
  keepsFiles = false
  readonly #treeId: number
  readonly #isSealed: boolean

  private constructor(session: Session, treeId: number, type: number, flags: number, encrypt: boolean) {
    this.session = session
    this.type = type
    this.isDfs = (flags & ShareFlag.DFS) !== 0
    this.#treeId = treeId
    this.#isSealed = encrypt || (flags & ShareFlag.ENCRYPT) !== 0
  }

  /**
   * Connects to a share. With it the negotiation is validated where no hash protects it.
   * @param path `\\files.ad.test\docs`
   * @param encrypt whether everything is encrypted, also where the share does not ask for it
   * @throws FileError ENOENT where there is no such share, EACCES
   */
  static async connect(session: Session, path: string, encrypt: boolean, signal?: AbortSignal): Promise<Tree> {
    const request = { command: Command.TREE_CONNECT, body: treeConnectRequest(path) }
    const [{ status, header, message }] = await session.request([request], { signal, isSealed: encrypt })
    if (status !== Status.SUCCESS) {
      const { name, code } = meaningOf(status)
      throw new FileError(code, { ntStatus: name, ntStatusCode: status, syscall: 'connect', path }, SHARE_HINT)
    }
    const { type, flags } = readTreeConnect(message)
    const tree = new Tree(session, header.treeId ?? 0, type, flags, encrypt)
    await validateNegotiation(tree.agreement, (requests) => tree.request(requests, { signal }))
    return tree
  }

  get agreement(): Agreement {
    return this.session.agreement
  }

  get isOpen(): boolean {
    return this.session.isOpen
  }

  /** @throws as `Session.request` */
  request(requests: readonly Request[], options: TreeRequest = {}): Promise<readonly Reply[]> {
    return this.session.request(requests, {
      ...options,
      treeId: this.#treeId,
      isSealed: this.#isSealed,
      isDfs: this.isDfs && requests[0].command === Command.CREATE,
    })
  }

  async disconnect(): Promise<void> {
    if (this.isOpen) await this.request([{ command: Command.TREE_DISCONNECT, body: emptyRequest() }])
  }
}

const SHARE_HINT = {
  hint: 'Check the name of the share, and that its own permissions (not those of its files) let the user in.',
} as const
