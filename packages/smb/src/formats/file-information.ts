/** What a server says of files: MS-FSCC section 2.4. */

import { OctetReader, OctetWriter, utf16 } from '../wire/octets.js'

/** What is known of a file. Times are those of Windows: 100 ns since 1601. */
export interface FileFacts {
  readonly createdAt: bigint
  readonly accessedAt: bigint
  readonly writtenAt: bigint
  readonly changedAt: bigint
  readonly size: number
  readonly attributes: number
  /** The number of the file, where it is known. */
  readonly fileNumber: bigint
  readonly links: number
  /** The kind of a reparse point, 0 where it is none or not known. */
  readonly reparseTag: number
}

/** Reads FileAllInformation without the name at its end. MS-FSCC section 2.4.2. */
export function readAllInformation(octets: Uint8Array): FileFacts {
  const reader = new OctetReader(octets, 'FileAllInformation')
  return {
    createdAt: reader.u64(0),
    accessedAt: reader.u64(8),
    writtenAt: reader.u64(16),
    changedAt: reader.u64(24),
    attributes: reader.u32(32),
    size: reader.size(48, 'EndOfFile'),
    links: reader.u32(56),
    fileNumber: reader.u64(64),
    reparseTag: 0,
  }
}

export interface DirectoryEntry extends FileFacts {
  readonly name: string
}

/** Entries of one answer; the smallest has 104 octets, so an answer of 8 MiB has no more. */
const MAX_ENTRIES = 90_000

/**
 * Reads the entries of a folder, `.` and `..` left out. MS-FSCC section 2.4.17.
 * @throws MalformedTokenError, also for a name that has a separator: it would be another file's
 * path
 */
export function readDirectoryEntries(octets: Uint8Array): readonly DirectoryEntry[] {
  const entries: DirectoryEntry[] = []
  if (octets.length === 0) return entries
  const reader = new OctetReader(octets, 'FileIdBothDirectoryInformation')
  for (let at = 0, count = 0; ; count++) {
    const next = reader.u32(at)
    const entry = readEntry(reader, at)
    if (entry.name !== '.' && entry.name !== '..') entries.push(entry)
    if (next === 0) return entries
    if (next < 104 || count >= MAX_ENTRIES) reader.fail('NextEntryOffset', 'the place of the next entry', `${next}`)
    at += next
  }
}

const REPARSE_POINT = 0x400

function readEntry(reader: OctetReader, at: number): DirectoryEntry {
  const attributes = reader.u32(at + 56)
  const name = reader.text(at + 104, reader.u32(at + 60), 'FileName')
  if (name === '' || /[/\\\0]/.test(name)) reader.fail('FileName', 'a name', 'one with a separator, or none')
  return {
    name,
    createdAt: reader.u64(at + 8),
    accessedAt: reader.u64(at + 16),
    writtenAt: reader.u64(at + 24),
    changedAt: reader.u64(at + 32),
    size: reader.size(at + 40, 'EndOfFile'),
    attributes,
    fileNumber: reader.u64(at + 96),
    links: 1,
    reparseTag: (attributes & REPARSE_POINT) === 0 ? 0 : reader.u32(at + 64),
  }
}

/** The times of FileBasicInformation; 0 leaves one as it is. MS-FSCC section 2.4.7. */
export function basicInformation(times: { readonly accessedAt: bigint; readonly writtenAt: bigint }): Uint8Array {
  return new OctetWriter(40).u64(8, times.accessedAt).u64(16, times.writtenAt).octets
}

/** FileRenameInformation: the new name from the root of the share. MS-FSCC section 2.4.37.2. */
export function renameInformation(name: string, replace: boolean): Uint8Array {
  const encoded = utf16(name)
  return new OctetWriter(Math.max(24, 20 + encoded.length))
    .u8(0, replace ? 1 : 0)
    .u32(16, encoded.length)
    .set(20, encoded).octets
}

/** FileDispositionInformation: the file goes when it is closed. MS-FSCC section 2.4.11. */
export const DELETE_ON_CLOSE: Uint8Array = Uint8Array.of(1)

/** FileEndOfFileInformation. MS-FSCC section 2.4.13. */
export const endOfFileInformation = (size: number): Uint8Array => new OctetWriter(8).u64(0, size).octets

/** A change in a folder. MS-FSCC section 2.7.1. */
export interface FolderChange {
  readonly action: number
  readonly name: string
}

/** What has happened. MS-FSCC section 2.7.1. */
export const ChangeAction = { ADDED: 1, REMOVED: 2, MODIFIED: 3, RENAMED_OLD: 4, RENAMED_NEW: 5 } as const

/**
 * Reads FILE_NOTIFY_INFORMATION.
 * @throws MalformedTokenError, also for a name that leads out of the folder: an app that keeps a
 * copy would write elsewhere
 */
export function readChanges(octets: Uint8Array): readonly FolderChange[] {
  const changes: FolderChange[] = []
  if (octets.length === 0) return changes
  const reader = new OctetReader(octets, 'FILE_NOTIFY_INFORMATION')
  for (let at = 0; ;) {
    const next = reader.u32(at)
    const name = reader.text(at + 12, reader.u32(at + 8), 'FileName')
    if (name.split('\\').some(leadsElsewhere) && name !== '') reader.fail('FileName', 'a path within', 'another')
    changes.push({ action: reader.u32(at + 4), name })
    if (next === 0) return changes
    if (next < 12 || changes.length >= MAX_ENTRIES) reader.fail('NextEntryOffset', 'the place of the next', `${next}`)
    at += next
  }
}

const leadsElsewhere = (part: string): boolean => part === '' || part === '.' || part === '..' || /[/\0]/.test(part)
