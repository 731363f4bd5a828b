import { Command } from '../wire/header.js'
import { Access, CreateOption, Disposition } from '../wire/file-messages.js'
import { changeNotifyRequest, readOutput } from '../wire/query-messages.js'
import { Status } from '../wire/status.js'
import { ChangeAction, readChanges } from '../formats/file-information.js'
import { requireSuccess } from '../connection/attempt.js'
import { OpenFile } from '../open-files/open-file.js'
import type { ShareAccess } from './share-access.js'

/** What has happened in a folder, as `fs.watch` says it. */
export interface WatchEvent {
  /**
   * `rename`: something came, went or got another name; `change`: contents or times; `overflow`:
   * more than the server could keep, so that the folder must be listed again.
   */
  readonly eventType: 'rename' | 'change' | 'overflow'
  /** The path from the folder, with `/`; null for `overflow`. */
  readonly filename: string | null
}

export interface WatchOptions {
  /** Ends the watch. Default: none. */
  readonly signal?: AbortSignal | undefined
  /** Folders within the folder too. Default: `false`. */
  readonly recursive: boolean
}

/** Octets of changes that a server keeps between two questions. */
const CHANGES_OCTETS = 65_536

const LIST_DIRECTORY = Access.READ_DATA | Access.READ_ATTRIBUTES | Access.SYNCHRONIZE

/**
 * Tells what happens in a folder, until the signal aborts or the caller stops. MS-SMB2 section
 * 2.2.35.
 * @throws FileError, and what aborts
 */
export async function* watchFolder(
  access: ShareAccess,
  path: string,
  { signal, recursive }: WatchOptions,
): AsyncGenerator<WatchEvent> {
  const name = access.nameOf(path, 'watch')
  const { tree, release } = await access.hold(signal)
  try {
    const request = {
      name: access.openName(tree, name),
      access: LIST_DIRECTORY,
      disposition: Disposition.OPEN,
      options: CreateOption.DIRECTORY,
    }
    const folder = await OpenFile.open(tree, request, { syscall: 'watch', path }, signal)
    try {
      for (;;) yield* await nextEvents(folder, recursive, signal)
    } finally {
      await folder.close()
    }
  } finally {
    release()
  }
}

const OVERFLOW: WatchEvent = { eventType: 'overflow', filename: null }

async function nextEvents(
  folder: OpenFile,
  recursive: boolean,
  signal: AbortSignal | undefined,
): Promise<readonly WatchEvent[]> {
  const body = changeNotifyRequest(folder.fileId, recursive, CHANGES_OCTETS)
  const [reply] = await folder.tree.request([{ command: Command.CHANGE_NOTIFY, body, payload: CHANGES_OCTETS }], {
    signal,
  })
  requireSuccess(reply, folder.attempt, [Status.NOTIFY_ENUM_DIR])
  if (reply.status === Status.NOTIFY_ENUM_DIR) return [OVERFLOW]
  const changes = readChanges(readOutput(reply.message, CHANGES_OCTETS, 'CHANGE_NOTIFY'))
  if (changes.length === 0) return [OVERFLOW]
  return changes.map(({ action, name }) => ({
    eventType: action === ChangeAction.MODIFIED ? 'change' : 'rename',
    filename: name.replaceAll('\\', '/'),
  }))
}
