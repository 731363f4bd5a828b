import { FileError } from '../errors.js'
import { refusalOf } from './attempt.js'
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
  /** Files in a row that the server has not granted to keep after a lost connection. */
  durableRefusals = 0
  /** Whether the server has granted it of a file. */
  keepsFiles = false
  readonly #path: string
  readonly #encrypt: boolean
  #share: ConnectedShare
  #again: Promise<void> | undefined

  private constructor(session: Session, path: string, encrypt: boolean, share: ConnectedShare) {
    this.session = session
    this.#path = path
    this.#encrypt = encrypt
    this.#share = share
  }

  /**
   * Connects to a share. With it the negotiation is validated where no hash protects it.
   * @param path `\\files.ad.test\docs`
   * @param encrypt whether everything is encrypted, also where the share does not ask for it
   * @throws FileError ENOENT where there is no such share, EACCES
   */
  static async connect(session: Session, path: string, encrypt: boolean, signal?: AbortSignal): Promise<Tree> {
    const tree = new Tree(session, path, encrypt, await connectTo(session, path, encrypt, signal))
    await validateNegotiation(tree.agreement, (requests) => tree.request(requests, { signal }))
    return tree
  }

  get agreement(): Agreement {
    return this.session.agreement
  }

  get isOpen(): boolean {
    return this.session.isOpen
  }

  /** One of `ShareType`. */
  get type(): number {
    return this.#share.type
  }

  get isDfs(): boolean {
    return (this.#share.flags & ShareFlag.DFS) !== 0
  }

  /**
   * Sends a chain of requests. Where the server has closed the share meanwhile, it is connected to
   * once more, and a chain that opens its file itself is sent again: the server has signed that it
   * did nothing of it.
   * @throws as `Session.request` and `Tree.connect`
   */
  async request(requests: readonly Request[], options: TreeRequest = {}): Promise<readonly Reply[]> {
    const share = this.#share
    const replies = await this.#send(requests, options)
    if (replies[0].status !== Status.NETWORK_NAME_DELETED) return replies
    if (requests[0].command === Command.TREE_DISCONNECT) return replies
    await this.#connectAgain(share)
    return requests[0].command === Command.CREATE ? this.#send(requests, options) : replies
  }

  #send(requests: readonly Request[], options: TreeRequest): Promise<readonly Reply[]> {
    const { treeId, flags } = this.#share
    return this.session.request(requests, {
      ...options,
      treeId,
      isSealed: this.#encrypt || (flags & ShareFlag.ENCRYPT) !== 0,
      isDfs: this.isDfs && requests[0].command === Command.CREATE,
    })
  }

  /** One at a time: what finds it under way, or done, does not begin anew. */
  async #connectAgain(closed: ConnectedShare): Promise<void> {
    if (this.#share !== closed) return
    const connect = async (): Promise<void> => {
      const share = await connectTo(this.session, this.#path, this.#encrypt)
      // The names of files depend on it.
      const isSame = share.type === closed.type && ((share.flags ^ closed.flags) & ShareFlag.DFS) === 0
      if (!isSame) throw refusalOf(Status.NETWORK_NAME_DELETED, { syscall: 'connect', path: this.#path })
      this.#share = share
    }
    this.#again ??= connect().finally(() => {
      this.#again = undefined
    })
    await this.#again
  }

  async disconnect(): Promise<void> {
    if (this.isOpen) await this.request([{ command: Command.TREE_DISCONNECT, body: emptyRequest() }])
  }
}

/** What the server calls a share, in one session. */
interface ConnectedShare {
  readonly treeId: number
  readonly type: number
  readonly flags: number
}

async function connectTo(
  session: Session,
  path: string,
  encrypt: boolean,
  signal?: AbortSignal,
): Promise<ConnectedShare> {
  const request = { command: Command.TREE_CONNECT, body: treeConnectRequest(path) }
  const [{ status, header, message }] = await session.request([request], { signal, isSealed: encrypt })
  if (status === Status.SUCCESS) return { treeId: header.treeId ?? 0, ...readTreeConnect(message) }
  const { name, code } = meaningOf(status)
  throw new FileError(code, { ntStatus: name, ntStatusCode: status, syscall: 'connect', path }, SHARE_HINT)
}

const SHARE_HINT = {
  hint: 'Check the name of the share, and that its own permissions (not those of its files) let the user in.',
} as const
