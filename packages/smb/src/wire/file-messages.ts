/** Opening, reading, writing and closing a file. */

import { aligned8, concat, OctetReader, OctetWriter, utf16 } from './octets.js'
import { HEADER_OCTETS } from './header.js'

/** MS-SMB2 section 2.2.13.1. */
export const Access = {
  READ_DATA: 0x1,
  WRITE_DATA: 0x2,
  APPEND_DATA: 0x4,
  READ_ATTRIBUTES: 0x80,
  WRITE_ATTRIBUTES: 0x100,
  DELETE: 0x1_0000,
  READ_CONTROL: 0x2_0000,
  SYNCHRONIZE: 0x10_0000,
  READ: 0x12_0089,
  WRITE: 0x12_0116,
} as const

/** MS-SMB2 section 2.2.13, CreateDisposition. */
export const Disposition = { OPEN: 1, CREATE: 2, OPEN_IF: 3, OVERWRITE: 4, OVERWRITE_IF: 5 } as const

/** MS-SMB2 section 2.2.13, CreateOptions. */
export const CreateOption = {
  DIRECTORY: 0x1,
  NON_DIRECTORY: 0x40,
  DELETE_ON_CLOSE: 0x1000,
  OPEN_REPARSE_POINT: 0x20_0000,
} as const

/** MS-FSCC section 2.6. */
export const FileAttribute = {
  READONLY: 0x1,
  HIDDEN: 0x2,
  SYSTEM: 0x4,
  DIRECTORY: 0x10,
  ARCHIVE: 0x20,
  NORMAL: 0x80,
  REPARSE_POINT: 0x400,
} as const

/** Others may read, write and delete, as Node opens files. */
const SHARE_ALL = 7
const IMPERSONATION = 2

/** The FileId of a file that an earlier request of the same chain opens. */
export const RELATED_FILE: Uint8Array = new Uint8Array(16).fill(0xff)

export interface CreateContext {
  /** Four letters: `DH2Q`. */
  readonly name: string
  readonly data: Uint8Array
}

export interface CreateRequest {
  /** Relative to the share, with backslashes, none in front. */
  readonly name: string
  readonly access: number
  readonly disposition: number
  readonly options: number
  readonly attributes?: number
  readonly share?: number
  readonly oplock?: number
  readonly contexts?: readonly CreateContext[]
}

/** The body of a CREATE request. MS-SMB2 section 2.2.13. */
export function createRequest(request: CreateRequest): Uint8Array {
  const { access, disposition, options, attributes = 0, share = SHARE_ALL, oplock = 0 } = request
  const name = utf16(request.name)
  const contexts = writeContexts(request.contexts ?? [])
  const nameAt = HEADER_OCTETS + 56
  const contextsAt = aligned8(nameAt + name.length)
  const body = new OctetWriter(56 + (contexts.length === 0 ? Math.max(name.length, 1) : contextsAt - nameAt))
    .u16(0, 57)
    .u8(3, oplock)
    .u32(4, IMPERSONATION)
    .u32(24, access)
    .u32(28, attributes)
    .u32(32, share)
    .u32(36, disposition)
    .u32(40, options)
    .u16(44, nameAt)
    .u16(46, name.length)
    .set(56, name)
  if (contexts.length > 0) body.u32(48, contextsAt).u32(52, contexts.length)
  return concat(body.octets, contexts)
}

function writeContexts(contexts: readonly CreateContext[]): Uint8Array {
  return concat(
    ...contexts.map(({ name, data }, i) => {
      const length = 24 + data.length
      const isLast = i + 1 === contexts.length
      return new OctetWriter(isLast ? length : aligned8(length))
        .u32(0, isLast ? 0 : aligned8(length))
        .u16(4, 16)
        .u16(6, 4)
        .u16(10, 24)
        .u32(12, data.length)
        .set(16, new TextEncoder().encode(name))
        .set(24, data).octets
    }),
  )
}

/** What is known of a file when it is opened. Times are those of Windows: 100 ns since 1601. */
export interface CreateAnswer {
  readonly action: number
  readonly createdAt: bigint
  readonly accessedAt: bigint
  readonly writtenAt: bigint
  readonly changedAt: bigint
  readonly size: number
  readonly attributes: number
  readonly fileId: Uint8Array
  readonly contexts: readonly CreateContext[]
}

/** Reads a CREATE response. MS-SMB2 section 2.2.14. @throws MalformedTokenError */
export function readCreate(message: Uint8Array): CreateAnswer {
  const reader = new OctetReader(message, 'CREATE response')
  reader.requireStructureSize(64, 89)
  return {
    action: reader.u32(68),
    createdAt: reader.u64(72),
    accessedAt: reader.u64(80),
    writtenAt: reader.u64(88),
    changedAt: reader.u64(96),
    size: reader.size(112, 'EndofFile'),
    attributes: reader.u32(120),
    // A copy, since it is kept for as long as the file is open.
    fileId: reader.slice(128, 16, 'FileId').slice(),
    contexts: readContexts(reader, reader.u32(144), reader.u32(148)),
  }
}

/** Contexts of a `CREATE` response; there are about ten kinds. */
const MAX_CONTEXTS = 32

function readContexts(whole: OctetReader, at: number, length: number): readonly CreateContext[] {
  const contexts: CreateContext[] = []
  if (length === 0) return contexts
  const reader = new OctetReader(whole.slice(at, length, 'CreateContexts'), 'CreateContexts')
  for (let from = 0; ;) {
    const next = reader.u32(from)
    const name = reader.slice(from + reader.u16(from + 4), reader.u16(from + 6), 'Name')
    const dataLength = reader.u32(from + 12)
    const data = dataLength === 0 ? NOTHING : reader.slice(from + reader.u16(from + 10), dataLength, 'Data')
    contexts.push({ name: String.fromCharCode(...name.subarray(0, 16)), data })
    if (next === 0) return contexts
    if (next < 16 || contexts.length >= MAX_CONTEXTS) reader.fail('Next', 'the place of the next context', `${next}`)
    from += next
  }
}

const NOTHING: Uint8Array = new Uint8Array(0)

/** The body of a CLOSE request. MS-SMB2 section 2.2.15. */
export const closeRequest = (fileId: Uint8Array): Uint8Array => new OctetWriter(24).u16(0, 24).set(8, fileId).octets

/** The body of a FLUSH request. MS-SMB2 section 2.2.17. */
export const flushRequest = closeRequest

export interface ReadRequest {
  readonly fileId: Uint8Array
  readonly offset: number
  readonly length: number
}

/** The body of a READ request. MS-SMB2 section 2.2.19. */
export function readRequest({ fileId, offset, length }: ReadRequest): Uint8Array {
  return new OctetWriter(49).u16(0, 49).u8(2, DATA_AT).u32(4, length).u64(8, offset).set(16, fileId).octets
}

/** Where a server puts the data of a READ response: after header and body. */
const DATA_AT = 80

/**
 * Reads a READ response; what is returned is a view. MS-SMB2 section 2.2.20.
 * @param asked the number of octets that were asked for
 * @throws MalformedTokenError
 */
export function readData(message: Uint8Array, asked: number): Uint8Array {
  const reader = new OctetReader(message, 'READ response')
  reader.requireStructureSize(64, 17)
  const length = reader.u32(68)
  if (length > asked) reader.fail('DataLength', `at most ${asked}, as asked`, `${length}`)
  const at = reader.u8(66)
  if (length > 0 && at < DATA_AT) reader.fail('DataOffset', `at least ${DATA_AT}`, `${at}`)
  return reader.slice(at, length, 'Data')
}

/** The body of a WRITE request, without the data that follow. MS-SMB2 section 2.2.21. */
export function writeRequest({ fileId, offset, length }: ReadRequest): Uint8Array {
  return new OctetWriter(48)
    .u16(0, 49)
    .u16(2, HEADER_OCTETS + 48)
    .u32(4, length)
    .u64(8, offset)
    .set(16, fileId).octets
}

/**
 * Reads how much was written. MS-SMB2 section 2.2.22.
 * @throws MalformedTokenError where it is more than was sent
 */
export function readWritten(message: Uint8Array, sent: number): number {
  const reader = new OctetReader(message, 'WRITE response')
  reader.requireStructureSize(64, 17)
  const count = reader.u32(68)
  if (count > sent) reader.fail('Count', `at most ${sent}, as sent`, `${count}`)
  return count
}
