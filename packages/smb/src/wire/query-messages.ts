/** What is asked about files and folders, changed of them, and told of them. */

import { concat, OctetReader, OctetWriter, utf16 } from './octets.js'
import { HEADER_OCTETS } from './header.js'

/** MS-SMB2 section 2.2.37, InfoType. */
export const InfoType = { FILE: 1, FILE_SYSTEM: 2, SECURITY: 3 } as const

/** MS-FSCC section 2.4. */
export const FileClass = {
  BASIC: 4,
  INTERNAL: 6,
  RENAME: 10,
  DISPOSITION: 13,
  ALL: 18,
  END_OF_FILE: 20,
  STREAM: 22,
  ATTRIBUTE_TAG: 35,
  ID_BOTH_DIRECTORY: 37,
} as const

export interface DirectoryQuery {
  readonly fileId: Uint8Array
  readonly pattern: string
  readonly restart: boolean
  readonly maxOutput: number
}

/** The body of a QUERY_DIRECTORY request for names, sizes and times. MS-SMB2 section 2.2.33. */
export function queryDirectoryRequest({ fileId, pattern, restart, maxOutput }: DirectoryQuery): Uint8Array {
  const name = utf16(pattern)
  const fixed = new OctetWriter(32)
    .u16(0, 33)
    .u8(2, FileClass.ID_BOTH_DIRECTORY)
    .u8(3, restart ? 1 : 0)
    .set(8, fileId)
    .u16(24, HEADER_OCTETS + 32)
    .u16(26, name.length)
    .u32(28, maxOutput)
  return concat(fixed.octets, name)
}

/**
 * Reads the output of QUERY_DIRECTORY, QUERY_INFO or CHANGE_NOTIFY, a view. MS-SMB2 sections
 * 2.2.34, 2.2.36 and 2.2.38.
 * @throws MalformedTokenError
 */
export function readOutput(message: Uint8Array, asked: number, name: string): Uint8Array {
  const reader = new OctetReader(message, `${name} response`)
  reader.requireStructureSize(64, 9)
  const length = reader.u32(68)
  if (length > asked) reader.fail('OutputBufferLength', `at most ${asked}, as asked`, `${length}`)
  return length === 0 ? NOTHING : reader.slice(reader.u16(66), length, 'OutputBuffer')
}

const NOTHING: Uint8Array = new Uint8Array(0)

export interface InfoQuery {
  readonly fileId: Uint8Array
  readonly type: number
  readonly fileClass?: number
  readonly additional?: number
  readonly maxOutput: number
}

/** The body of a QUERY_INFO request. MS-SMB2 section 2.2.37. */
export function queryInfoRequest({ fileId, type, fileClass = 0, additional = 0, maxOutput }: InfoQuery): Uint8Array {
  return new OctetWriter(41)
    .u16(0, 41)
    .u8(2, type)
    .u8(3, fileClass)
    .u32(4, maxOutput)
    .u32(16, additional)
    .set(24, fileId).octets
}

export interface InfoChange {
  readonly fileId: Uint8Array
  readonly fileClass: number
  readonly value: Uint8Array
}

/** The body of a SET_INFO request for a file. MS-SMB2 section 2.2.39. */
export function setInfoRequest({ fileId, fileClass, value }: InfoChange): Uint8Array {
  const fixed = new OctetWriter(32)
    .u16(0, 33)
    .u8(2, InfoType.FILE)
    .u8(3, fileClass)
    .u32(4, value.length)
    .u16(8, HEADER_OCTETS + 32)
    .set(16, fileId)
  return concat(fixed.octets, value)
}

/** MS-SMB2 section 2.2.31 and MS-FSCC section 2.3. */
export const ControlCode = {
  DFS_GET_REFERRALS: 0x0006_0194,
  PIPE_TRANSCEIVE: 0x0011_c017,
  REQUEST_RESUME_KEY: 0x0014_0078,
  COPY_CHUNK: 0x0014_40f2,
  COPY_CHUNK_WRITE: 0x0014_80f2,
  VALIDATE_NEGOTIATE: 0x0014_0204,
} as const

export interface ControlRequest {
  readonly fileId: Uint8Array
  readonly code: number
  readonly input: Uint8Array
  readonly maxOutput: number
}

/** The body of an IOCTL request. MS-SMB2 section 2.2.31. */
export function controlRequest({ fileId, code, input, maxOutput }: ControlRequest): Uint8Array {
  const fixed = new OctetWriter(56)
    .u16(0, 57)
    .u32(4, code)
    .set(8, fileId)
    .u32(24, HEADER_OCTETS + 56)
    .u32(28, input.length)
    .u32(44, maxOutput)
    .u32(48, 1)
  return concat(fixed.octets, input.length === 0 ? new Uint8Array(1) : input)
}

/** Reads the output of an IOCTL, a view. MS-SMB2 section 2.2.32. @throws MalformedTokenError */
export function readControlOutput(message: Uint8Array, asked: number): Uint8Array {
  const reader = new OctetReader(message, 'IOCTL response')
  reader.requireStructureSize(64, 49)
  const length = reader.u32(100)
  if (length > asked) reader.fail('OutputCount', `at most ${asked}, as asked`, `${length}`)
  return length === 0 ? NOTHING : reader.slice(reader.u32(96), length, 'Output')
}

/** The body of a CHANGE_NOTIFY request. MS-SMB2 section 2.2.35. */
export function changeNotifyRequest(fileId: Uint8Array, recursive: boolean, maxOutput: number): Uint8Array {
  return new OctetWriter(32)
    .u16(0, 32)
    .u16(2, recursive ? 1 : 0)
    .u32(4, maxOutput)
    .set(8, fileId)
    .u32(24, EVERY_CHANGE).octets
}

/** Names, attributes, sizes, times, security and streams. */
const EVERY_CHANGE = 0xfff

/**
 * Reads the octets in the body of an error: the size that a buffer should have had. MS-SMB2 section
 * 2.2.2.
 * @throws MalformedTokenError
 */
export function readErrorData(message: Uint8Array): Uint8Array {
  const reader = new OctetReader(message, 'ERROR response')
  reader.requireStructureSize(64, 9)
  return reader.slice(72, reader.u32(68), 'ErrorData')
}
