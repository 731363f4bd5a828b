/** Files read, written and described as a whole, small ones in one round trip. */

import {
  Access,
  CreateOption,
  type CreateRequest,
  Disposition,
  FileAttribute,
  readCreate,
  readData,
  RELATED_FILE,
} from '../wire/file-messages.js'
import { FileClass, InfoType, queryInfoRequest, readErrorData, readOutput } from '../wire/query-messages.js'
import { Command } from '../wire/header.js'
import { OctetReader } from '../wire/octets.js'
import { Status } from '../wire/status.js'
import type { Tree } from '../connection/tree.js'
import { type Attempt, requireSuccess } from '../connection/attempt.js'
import { FileStats } from './file-stats.js'
import { closing, creating, describing, factsOf, reading, writing } from '../open-files/file-requests.js'
import { OpenFile } from '../open-files/open-file.js'
import type { ShareAccess } from './share-access.js'

/** A file of up to this many octets is opened, read and closed in one round trip: one credit. */
const SMALL = 65_536

interface CallOptions {
  readonly signal?: AbortSignal | undefined
}

/** Reads a file. @throws FileError */
export function readWhole(access: ShareAccess, path: string, { signal }: CallOptions): Promise<Uint8Array> {
  const attempt = { syscall: 'open', path }
  const name = access.nameOf(path, 'open')
  return access.use(signal, async (tree) => {
    const request = toRead(access.openName(tree, name))
    const [created, read] = await tree.request([creating(request), reading(RELATED_FILE, 0, SMALL), closing()], {
      signal,
    })
    requireSuccess(created, attempt)
    requireSuccess(read, { syscall: 'read', path }, [Status.END_OF_FILE])
    const data = read.status === Status.END_OF_FILE ? NOTHING : readData(read.message, SMALL)
    // A copy: the view would keep the whole frame.
    if (readCreate(created.message).size <= data.length) return data.slice()
    return readLarge(tree, request, attempt, signal)
  })
}

const NOTHING: Uint8Array = new Uint8Array(0)

async function readLarge(
  tree: Tree,
  request: CreateRequest,
  attempt: Attempt,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const file = await OpenFile.open(tree, request, attempt, signal)
  try {
    return await file.readRest(0, file.answer.size, signal)
  } finally {
    await file.close()
  }
}

export const toRead = (name: string): CreateRequest => ({
  name,
  access: Access.READ,
  disposition: Disposition.OPEN,
  options: CreateOption.NON_DIRECTORY,
})

export interface WriteOptions extends CallOptions {
  /** Whether the file must not be there yet. */
  readonly exclusive: boolean
}

/** Writes a file, in place of what was there. @throws FileError */
export function writeWhole(access: ShareAccess, path: string, data: Uint8Array, options: WriteOptions): Promise<void> {
  const attempt = { syscall: 'open', path }
  const { signal, exclusive } = options
  const name = access.nameOf(path, 'open')
  return access.use(signal, async (tree) => {
    const request: CreateRequest = {
      name: access.openName(tree, name),
      access: Access.WRITE,
      disposition: exclusive ? Disposition.CREATE : Disposition.OVERWRITE_IF,
      options: CreateOption.NON_DIRECTORY,
    }
    if (data.length > SMALL) return writeLarge(tree, request, data, attempt, signal)
    const body = data.length === 0 ? [] : [writing(RELATED_FILE, 0, data)]
    const replies = await tree.request([creating(request), ...body, closing()], { signal })
    requireSuccess(replies[0], attempt)
    for (const reply of replies.slice(1)) requireSuccess(reply, { syscall: 'write', path })
  })
}

async function writeLarge(
  tree: Tree,
  request: CreateRequest,
  data: Uint8Array,
  attempt: Attempt,
  signal: AbortSignal | undefined,
): Promise<void> {
  const file = await OpenFile.open(tree, request, attempt, signal)
  try {
    await file.write(data, 0, signal)
  } finally {
    await file.close()
  }
}

/** Adds to the end of a file, which is made where it is missing. @throws FileError */
export function appendWhole(
  access: ShareAccess,
  path: string,
  data: Uint8Array,
  { signal }: CallOptions,
): Promise<void> {
  const name = access.nameOf(path, 'open')
  return access.use(signal, async (tree) => {
    const request: CreateRequest = {
      name: access.openName(tree, name),
      access: Access.WRITE,
      disposition: Disposition.OPEN_IF,
      options: CreateOption.NON_DIRECTORY,
    }
    const file = await OpenFile.open(tree, request, { syscall: 'open', path }, signal)
    try {
      await file.write(data, file.answer.size, signal)
    } finally {
      await file.close()
    }
  })
}

/** Describes a file or a folder, in one round trip. @throws FileError */
export function describe(
  access: ShareAccess,
  path: string,
  { signal, follow }: CallOptions & { readonly follow: boolean },
): Promise<FileStats> {
  const syscall = follow ? 'stat' : 'lstat'
  const attempt = { syscall, path }
  const name = access.nameOf(path, syscall)
  return access.use(signal, async (tree) => {
    const request: CreateRequest = {
      name: access.openName(tree, name),
      access: Access.READ_ATTRIBUTES,
      disposition: Disposition.OPEN,
      options: follow ? 0 : CreateOption.OPEN_REPARSE_POINT,
    }
    const [created, described] = await tree.request([creating(request), describing(RELATED_FILE), closing()], {
      signal,
    })
    requireSuccess(created, attempt)
    const facts = factsOf(described, attempt)
    if (follow || (facts.attributes & FileAttribute.REPARSE_POINT) === 0) return new FileStats(facts)
    const reparseTag = await readReparseTag(tree, request, attempt, signal)
    return new FileStats({ ...facts, reparseTag })
  })
}

const ATTRIBUTE_TAG_OCTETS = 8

/** The kind of a reparse point: FileAttributeTagInformation. MS-FSCC section 2.4.6. */
async function readReparseTag(
  tree: Tree,
  request: CreateRequest,
  attempt: Attempt,
  signal: AbortSignal | undefined,
): Promise<number> {
  const what = { type: InfoType.FILE, fileClass: FileClass.ATTRIBUTE_TAG, maxOutput: ATTRIBUTE_TAG_OCTETS }
  const query = { command: Command.QUERY_INFO, body: queryInfoRequest({ fileId: RELATED_FILE, ...what }) }
  const [created, answer] = await tree.request([creating(request), query, closing()], { signal })
  requireSuccess(created, attempt)
  requireSuccess(answer, attempt)
  const octets = readOutput(answer.message, ATTRIBUTE_TAG_OCTETS, 'QUERY_INFO')
  return new OctetReader(octets, 'FileAttributeTagInformation').u32(4)
}

/** Owner, group and discretionary list; the system's own list needs a privilege. MS-DTYP 2.4.6. */
const SECURITY_PARTS = 1 | 2 | 4
const SECURITY_OCTETS = 65_536

/** Returns the self-relative security descriptor of a file or a folder. @throws FileError */
export function readSecurity(access: ShareAccess, path: string, { signal }: CallOptions): Promise<Uint8Array> {
  const attempt = { syscall: 'securityDescriptor', path }
  const name = access.nameOf(path, attempt.syscall)
  return access.use(signal, async (tree) => {
    const request: CreateRequest = {
      name: access.openName(tree, name),
      access: Access.READ_CONTROL,
      disposition: Disposition.OPEN,
      options: 0,
    }
    const ask = async (maxOutput: number, isFirst: boolean): Promise<Uint8Array> => {
      const body = queryInfoRequest({
        fileId: RELATED_FILE,
        type: InfoType.SECURITY,
        additional: SECURITY_PARTS,
        maxOutput,
      })
      const query = { command: Command.QUERY_INFO, body, payload: maxOutput }
      const [created, answer] = await tree.request([creating(request), query, closing()], { signal })
      requireSuccess(created, attempt)
      requireSuccess(answer, attempt, isFirst ? [Status.BUFFER_TOO_SMALL] : [])
      if (answer.status === Status.SUCCESS) return readOutput(answer.message, maxOutput, 'QUERY_INFO').slice()
      const needed = new OctetReader(readErrorData(answer.message), 'ERROR response').u32(0)
      return ask(Math.min(Math.max(needed, SECURITY_OCTETS + 1), tree.agreement.maxTransact), false)
    }
    return ask(SECURITY_OCTETS, true)
  })
}
