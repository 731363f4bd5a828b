import { setTimeout as sleep } from 'node:timers/promises'
import { type ConnectionDemand, leaseSession, type SessionLease } from '../connection/shared-connections.js'
import type { LostSession, ShareUser } from '../connection/session.js'
import { Tree } from '../connection/tree.js'
import { FileError, FileServerUnreachableError } from '../errors.js'
import { type NameRules, wireName } from '../formats/file-name.js'
import { unlessAborted } from '../transport/unless-aborted.js'
import { ShareType } from '../wire/session-messages.js'

/** What a share needs to be reached. */
export interface ShareTarget {
  readonly host: string
  readonly share: string
  /** A folder that all paths begin in, as on the wire; empty for the share itself. */
  readonly folder: string
  readonly user: ShareUser
  readonly demand: ConnectionDemand
  readonly encrypt: boolean
  readonly streams: boolean
  /** Whether it is the server's share of pipes, where it is asked for links of DFS. */
  readonly isOfPipes?: boolean
}

interface Connected {
  readonly tree: Tree
  readonly lease: SessionLease
}

/**
 * The way to a share: connects at the first use, again after a lost connection, and lets go of the
 * session when it was idle.
 */
export class ShareAccess {
  readonly target: ShareTarget
  #connected: Promise<Connected> | undefined
  /** The session of the last connection that was lost, whose files the server may keep. */
  #lost: LostSession | undefined
  #uses = 0
  #idle: NodeJS.Timeout | undefined
  #isEnded = false

  constructor(target: ShareTarget) {
    this.target = target
  }

  /** A path as it is on the wire. @throws FileError EINVAL */
  nameOf(path: string, syscall: string): string {
    const { folder, streams } = this.target
    const rules: NameRules = { syscall, streams }
    const name =
      this.target.folder === '' ? wireName(path, rules) : [folder, wireName(path, rules)].filter(Boolean).join('\\')
    return name
  }

  /** The name in a CREATE: in a share of DFS it begins with server and share. */
  openName(tree: Tree, name: string): string {
    const { host, share } = this.target
    if (!tree.isDfs) return name
    return [host, share, name].filter((part) => part !== '').join('\\')
  }

  /**
   * Runs an action with the tree, during which the session is not let go of.
   * @throws as `leaseSession` and `Tree.connect`
   */
  async use<T>(signal: AbortSignal | undefined, action: (tree: Tree) => Promise<T>): Promise<T> {
    const { tree, release } = await this.hold(signal)
    try {
      return await action(tree)
    } finally {
      release()
    }
  }

  /** The tree, until it is released. */
  async hold(signal: AbortSignal | undefined): Promise<{ readonly tree: Tree; readonly release: () => void }> {
    signal?.throwIfAborted()
    const { user, demand } = this.target
    await user.ticketFor?.(demand.service, signal && { signal })
    if (this.#isEnded) throw ended(this.target)
    this.#uses++
    clearTimeout(this.#idle)
    let isReleased = false
    const release = (): void => {
      if (isReleased) return
      isReleased = true
      this.#uses--
      if (this.#uses === 0) this.#rest()
    }
    try {
      return { tree: await this.#tree(signal), release }
    } catch (error) {
      release()
      throw error
    }
  }

  /** The tree of a file whose connection was lost: the file keeps it in use already. */
  readonly again = async (signal?: AbortSignal): Promise<Tree> => this.use(signal, async (tree) => tree)

  /** Lets go of the session. Every further use is refused. */
  async end(): Promise<void> {
    this.#isEnded = true
    await this.#letGo()
  }

  async #tree(signal: AbortSignal | undefined): Promise<Tree> {
    const connecting = (this.#connected ??= this.#connect())
    const forget = (): void => {
      if (this.#connected === connecting) this.#connected = undefined
    }
    connecting.catch(forget)
    // Others may wait for it too: who gives up does not end it.
    const connected = await unlessAborted(connecting, signal)
    if (connected.tree.isOpen) return connected.tree
    forget()
    if (connected.tree.keepsFiles) this.#lost = connected.tree.session.asLost
    await connected.lease.release()
    // It may have been closed meanwhile: nobody would let go of another session.
    if (this.#isEnded) throw ended(this.target)
    return this.#tree(signal)
  }

  async #connect(): Promise<Connected> {
    const { user, demand, host, share, encrypt, isOfPipes = false } = this.target
    const lease = await leaseAgain(user, demand, this.#lost)
    try {
      const tree = await Tree.connect(lease.session, `\\\\${host}\\${share}`, encrypt)
      if (tree.type === (isOfPipes ? ShareType.PIPE : ShareType.DISK)) return { tree, lease }
      await tree.disconnect().catch(() => {})
      throw notOfFiles(this.target)
    } catch (error) {
      await lease.release()
      throw error
    }
  }

  #rest(): void {
    if (this.#isEnded) return
    this.#idle = setTimeout(() => void (this.#uses === 0 && this.#letGo()), this.target.demand.idleTimeout)
    this.#idle.unref()
  }

  async #letGo(): Promise<void> {
    clearTimeout(this.#idle)
    const connected = this.#connected
    this.#connected = undefined
    // What could not be connected has told its caller so.
    const opened = await connected?.catch(() => undefined)
    if (opened === undefined) return
    await opened.tree.disconnect().catch(() => {})
    await opened.lease.release()
  }
}

/** How long a server may take to see the end of a lost connection; milliseconds. */
const AFTERMATH = 200

/**
 * A Samba with multichannel hands a connection of the same client to the process of the lost one,
 * which may just be ending: then it is lost too, and the next one is not.
 */
async function leaseAgain(
  user: ShareUser,
  demand: ConnectionDemand,
  lost: LostSession | undefined,
): Promise<SessionLease> {
  try {
    return await leaseSession(user, demand, lost)
  } catch (error) {
    const isReset = error instanceof FileServerUnreachableError && error.code === 'ECONNRESET'
    if (lost === undefined || !isReset) throw error
    await sleep(AFTERMATH)
    return leaseSession(user, demand, lost)
  }
}

const FILE_CLOSED = 0xc000_0128
const NOT_SUPPORTED = 0xc000_00bb

/** Behind the names of IPC$ are services of the server, which would take orders from this user. */
function notOfFiles({ host, share }: ShareTarget): FileError {
  return new FileError(
    'ENOTSUP',
    {
      ntStatus: 'STATUS_NOT_SUPPORTED',
      ntStatusCode: NOT_SUPPORTED,
      syscall: 'connect',
      path: `\\\\${host}\\${share}`,
    },
    { hint: 'This is a share of pipes or printers, and not of files.' },
  )
}

function ended({ host, share }: ShareTarget): FileError {
  return new FileError(
    'EBADF',
    { ntStatus: 'STATUS_FILE_CLOSED', ntStatusCode: FILE_CLOSED, syscall: 'use', path: `\\\\${host}\\${share}` },
    { hint: 'The share was used after its `await using` block, or after close. Open it again.', status: 500 },
  )
}
