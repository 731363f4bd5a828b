/** Folders: listed, made and removed. */

import { FileError } from '../errors.js'
import type { Tree } from '../connection/tree.js'
import { type DirectoryEntry, DELETE_ON_CLOSE, readDirectoryEntries } from '../formats/file-information.js'
import { Access, CreateOption, type CreateRequest, Disposition, RELATED_FILE } from '../wire/file-messages.js'
import { Command } from '../wire/header.js'
import { FileClass, queryDirectoryRequest, readOutput } from '../wire/query-messages.js'
import { Status } from '../wire/status.js'
import { type Attempt, requireSuccess } from '../connection/attempt.js'
import { FolderEntry } from './file-stats.js'
import { changing, closing, creating } from '../open-files/file-requests.js'
import { OpenFile } from '../open-files/open-file.js'
import type { ShareAccess } from './share-access.js'

interface CallOptions {
  readonly signal?: AbortSignal | undefined
}

/** Octets of one part of a list: some thousand entries. */
const LIST_OCTETS = 1024 * 1024

/** Folders within each other that a recursive call goes into; more is a loop of links. */
const MAX_DEPTH = 256

/** Entries that one call lists. More would fill the memory, and a server could go on for ever. */
const MAX_LISTED = 1_000_000

const LIST_DIRECTORY = Access.READ_DATA | Access.READ_ATTRIBUTES | Access.SYNCHRONIZE

export interface ListOptions extends CallOptions {
  readonly recursive: boolean
  /** The path as the caller knows it. Default: that of the folder. */
  readonly shownAs?: string | undefined
  /** The most entries. Default: a million. */
  readonly limit?: number
}

/** Lists a folder, and those in it if it is recursive, not following links. @throws FileError */
export function listFolder(
  access: ShareAccess,
  path: string,
  { signal, recursive, limit = MAX_LISTED, shownAs = path }: ListOptions,
): Promise<readonly FolderEntry[]> {
  access.nameOf(path, 'scandir')
  return access.use(signal, async (tree) => {
    const found: FolderEntry[] = []
    const waiting = [{ path, depth: 0 }]
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const left = limit - found.length
      for (const entry of await listOne(access, tree, next.path, {
        signal,
        limit: left,
        shownAs: joined(shownAs, below(next.path, path)),
      })) {
        found.push(entry)
        if (recursive && entry.isDirectory() && next.depth < MAX_DEPTH) {
          waiting.push({ path: joined(next.path, entry.name), depth: next.depth + 1 })
        }
      }
    }
    return found
  })
}

/** What a path has beyond that of a folder around it. */
const below = (path: string, folder: string): string => path.slice(folder.length).replace(/^[/\\]/, '')

/** The path of an entry, with the separator of Node. */
export function joined(folder: string, name: string): string {
  if (name === '') return folder
  if (folder === '' || folder === '.') return name
  return /[/\\]$/.test(folder) ? folder + name : `${folder}/${name}`
}

async function listOne(
  access: ShareAccess,
  tree: Tree,
  path: string,
  {
    signal,
    limit,
    options = CreateOption.DIRECTORY,
    shownAs = path,
  }: CallOptions & { readonly limit: number; readonly options?: number; readonly shownAs?: string },
): Promise<readonly FolderEntry[]> {
  const attempt = { syscall: 'scandir', path }
  const request: CreateRequest = {
    name: access.openName(tree, access.nameOf(path, 'scandir')),
    access: LIST_DIRECTORY,
    disposition: Disposition.OPEN,
    options,
  }
  const folder = await OpenFile.open(tree, request, attempt, signal)
  try {
    const entries: FolderEntry[] = []
    for (let counted = 0; ;) {
      const part = await nextPart(folder, attempt, entries.length === 0, signal)
      if (part === undefined) return entries
      // A part with nothing in it counts too: it is followed by another one.
      counted += Math.max(1, part.length)
      if (counted > limit) throw tooMany(attempt)
      for (const entry of part) entries.push(new FolderEntry(entry, shownAs))
    }
  } finally {
    await folder.close()
  }
}

function tooMany({ syscall, path }: Attempt): FileError {
  return new FileError(
    'EFBIG',
    { ntStatus: 'STATUS_FILE_TOO_LARGE', ntStatusCode: 0xc000_0904, syscall, path },
    { hint: `One call lists up to ${MAX_LISTED} entries. List folder by folder, without recursive.` },
  )
}

async function nextPart(
  { tree, fileId }: OpenFile,
  attempt: Attempt,
  isFirst: boolean,
  signal: AbortSignal | undefined,
): Promise<readonly DirectoryEntry[] | undefined> {
  const { session, agreement } = tree
  const maxOutput = Math.min(LIST_OCTETS, agreement.maxTransact, session.negotiated.connection.affordable)
  const body = queryDirectoryRequest({ fileId, pattern: '*', restart: false, maxOutput })
  const [reply] = await tree.request([{ command: Command.QUERY_DIRECTORY, body, payload: maxOutput }], { signal })
  const atEnd = [Status.NO_MORE_FILES, ...(isFirst ? [Status.NO_SUCH_FILE] : [])]
  requireSuccess(reply, attempt, atEnd)
  if (reply.status !== Status.SUCCESS) return undefined
  return readDirectoryEntries(readOutput(reply.message, maxOutput, 'QUERY_DIRECTORY'))
}

/**
 * Makes a folder. Returns the first that was made; undefined where all were there. @throws
 * FileError
 */
export async function makeFolder(
  access: ShareAccess,
  path: string,
  { signal, recursive }: CallOptions & { readonly recursive: boolean },
): Promise<string | undefined> {
  try {
    await makeOne(access, path, signal)
    return path
  } catch (error) {
    if (!recursive || !(error instanceof FileError)) throw error
    if (error.code === 'EEXIST') return await requireFolder(access, path, error, signal)
    const parent = parentOf(path)
    if (error.code !== 'ENOENT' || parent === undefined) throw error
    const first = await makeFolder(access, parent, { signal, recursive })
    const own = await makeFolder(access, path, { signal, recursive })
    return first ?? own
  }
}

const parentOf = (path: string): string | undefined => /^(.*[^/\\])[/\\]+[^/\\]+[/\\]*$/s.exec(path)?.[1]

function makeOne(access: ShareAccess, path: string, signal: AbortSignal | undefined): Promise<void> {
  return chainOn(access, path, 'mkdir', signal, {
    access: Access.READ_ATTRIBUTES,
    disposition: Disposition.CREATE,
    options: CreateOption.DIRECTORY,
  })
}

async function requireFolder(
  access: ShareAccess,
  path: string,
  error: FileError,
  signal: AbortSignal | undefined,
): Promise<undefined> {
  const how = { access: Access.READ_ATTRIBUTES, disposition: Disposition.OPEN, options: CreateOption.DIRECTORY }
  await chainOn(access, path, 'mkdir', signal, how).catch(() => {
    throw error
  })
}

/** Opens something, changes it where a change is given, and closes it, in one round trip. */
export function chainOn(
  access: ShareAccess,
  path: string,
  syscall: string,
  signal: AbortSignal | undefined,
  how: Omit<CreateRequest, 'name'>,
  change?: { readonly fileClass: number; readonly value: Uint8Array },
): Promise<void> {
  const name = access.nameOf(path, syscall)
  return access.use(signal, async (tree) => {
    const changes = change === undefined ? [] : [changing(RELATED_FILE, change.fileClass, change.value)]
    const replies = await tree.request(
      [creating({ name: access.openName(tree, name), ...how }), ...changes, closing()],
      { signal },
    )
    for (const reply of replies) requireSuccess(reply, { syscall, path })
  })
}

export interface RemoveOptions extends CallOptions {
  readonly recursive: boolean
  /** Whether what is not there is no error. */
  readonly force: boolean
}

/** Removes a file, or with `recursive` a folder and all in it. Links are removed, not followed. */
export async function remove(
  access: ShareAccess,
  path: string,
  { signal, recursive, force }: RemoveOptions,
): Promise<void> {
  try {
    await removeOne(access, path, 'rm', 'file', signal)
  } catch (error) {
    if (!(error instanceof FileError)) throw error
    if (force && error.code === 'ENOENT' && error.ntStatus !== 'STATUS_BAD_NETWORK_NAME') return
    if (!recursive || error.code !== 'EISDIR') throw error
    await removeFolder(access, path, { signal, recursive, force })
  }
}

/**
 * A junction is a folder too, which the server follows. It goes at once, as an empty folder does;
 * what is listed is never what it leads to, which may be what somebody else wants to have removed.
 */
async function removeFolder(access: ShareAccess, path: string, options: RemoveOptions): Promise<void> {
  const { signal } = options
  try {
    return await removeOne(access, path, 'rm', 'folder', signal)
  } catch (error) {
    if (!(error instanceof FileError) || error.code !== 'ENOTEMPTY') throw error
  }
  const itself = CreateOption.DIRECTORY | CreateOption.OPEN_REPARSE_POINT
  const entries = await access.use(signal, (tree) =>
    listOne(access, tree, path, { signal, limit: MAX_LISTED, options: itself }),
  )
  for (const { name } of entries) await remove(access, joined(path, name), options)
  await removeOne(access, path, 'rm', 'folder', signal)
}

/** Removes one file or one empty folder. @throws FileError ENOTEMPTY */
export function removeOne(
  access: ShareAccess,
  path: string,
  syscall: string,
  kind: 'file' | 'folder',
  signal: AbortSignal | undefined,
): Promise<void> {
  const how = {
    access: Access.DELETE | Access.READ_ATTRIBUTES,
    disposition: Disposition.OPEN,
    options: CreateOption.OPEN_REPARSE_POINT | (kind === 'file' ? CreateOption.NON_DIRECTORY : CreateOption.DIRECTORY),
  }
  return chainOn(access, path, syscall, signal, how, { fileClass: FileClass.DISPOSITION, value: DELETE_ON_CLOSE })
}
