/**
 * Reads files with tickets only if they belong to this user, and writes them so that only this user
 * can read them.
 */

import { ConfigurationError } from '@s4u/krb5'
import { randomUUID } from 'node:crypto'
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { ownPlaceOf, requireOwner } from './own-place.js'

/** A larger file is not a cache: a user of hundreds of services stays below one megabyte. */
const MAX_OCTETS = 32 * 1024 * 1024

export interface ReadFile {
  readonly octets: Uint8Array
  /** A text that changes when the file is replaced or its content is changed. */
  readonly stamp: string
}

/**
 * Reads a file.
 *
 * @param shown what errors call the file
 * @throws ConfigurationError KRB5_FCC_NOFILE; KRB5_FCC_PERM if it may be another user's;
 * KRB5_CC_FORMAT if it is a folder
 */
export function readOwnFile(path: string, shown: string): ReadFile {
  return reaching({ verb: 'read', path, shown }, () => {
    const { real, isShared } = ownPlaceOf(path, shown)
    // O_NONBLOCK: a pipe must not make the process wait for somebody to write into it.
    const file = openSync(real, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0))
    try {
      const status = fstatSync(file)
      if (isShared) requireOwner(status, shown)
      requireFile(status, shown)
      return { octets: new Uint8Array(readFileSync(file)), stamp: stampOf(status) }
    } finally {
      closeSync(file)
    }
  })
}

/**
 * Writes a file. A program that reads at the same time finds either the old content or the new one.
 * Only this user can read the file.
 *
 * @throws as `readOwnFile` does
 */
export function writeOwnFile(path: string, octets: Uint8Array, shown: string): void {
  reaching({ verb: 'write', path, shown }, () => {
    const { real } = ownPlaceOf(path, shown)
    if (existsSync(real)) requireFile(statSync(real), shown)
    // The name must not begin like the caches of a folder.
    const draft = join(dirname(real), `.${basename(real)}.${randomUUID()}`)
    try {
      writeNewFile(draft, octets)
      renameSync(draft, real)
    } catch (error) {
      rmSync(draft, { force: true })
      throw error
    }
  })
}

function writeNewFile(path: string, octets: Uint8Array): void {
  const file = openSync(path, 'wx', 0o600)
  try {
    writeFileSync(file, octets)
    // If the machine loses power, the name must not lead to a file with half of the octets.
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

/**
 * Deletes a file; returns false if there was none.
 *
 * @throws as `readOwnFile` does
 */
export function removeOwnFile(path: string, shown: string): boolean {
  return reaching({ verb: 'remove', path, shown }, () => {
    const { real } = ownPlaceOf(path, shown)
    if (!existsSync(real)) return false
    requireFile(statSync(real), shown)
    rmSync(real)
    return true
  })
}

/**
 * Returns the stamp of the file as it is now.
 *
 * @throws the error of the file system
 */
export function stampOfFile(path: string): string {
  return stampOf(statSync(path))
}

function stampOf({ mtimeMs, size, ino }: Stats): string {
  return `${mtimeMs},${size},${ino}`
}

function requireFile(status: Stats, shown: string): void {
  if (status.isDirectory())
    throw new ConfigurationError(`the credential cache ${shown} is a folder`, {
      code: 'KRB5_CC_FORMAT',
      hint: 'Name the file in it. A folder of several caches is named DIR:/path.',
    })
  if (status.isFile() && status.size <= MAX_OCTETS) return
  const what = status.isFile() ? `of ${status.size} octets, and ${MAX_OCTETS} is the most` : 'no file'
  throw new ConfigurationError(`the credential cache ${shown} is ${what}`, {
    code: 'KRB5_CC_FORMAT',
    hint: 'Name the file that kinit has written: klist says which.',
  })
}

interface Attempt {
  readonly verb: 'read' | 'write' | 'remove'
  readonly path: string
  readonly shown: string
}

function reaching<T>({ verb, path, shown }: Attempt, reach: () => T): T {
  try {
    return reach()
  } catch (error) {
    if (error instanceof ConfigurationError) throw error
    const errno = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
    const missing = errno === 'ENOENT' || errno === 'ENOTDIR'
    throw new ConfigurationError(
      `cannot ${verb} the credential cache ${shown}: ${missing ? 'it is not there' : errno}`,
      {
        code: missing ? 'KRB5_FCC_NOFILE' : DENIED.has(errno) ? 'KRB5_FCC_PERM' : 'KRB5_CC_IO',
        hint: missing ? MISSING[verb] : DENIED.has(errno) ? RIGHTS[verb] : `Look at the file system: it says ${errno}.`,
        // Errors of the file system contain the path.
        cause: shown === path ? error : undefined,
      },
    )
  }
}

const DENIED: ReadonlySet<string> = new Set(['EACCES', 'EPERM'])

const MISSING: Readonly<Record<Attempt['verb'], string>> = {
  read: 'Run kinit, which writes it, or name the cache that it has written: klist says which.',
  write: 'Make the folder first, for the user of this process alone.',
  remove: 'Name a cache that is there: klist -A lists them.',
}

const RIGHTS: Readonly<Record<Attempt['verb'], string>> = {
  read: 'Make the user that runs this process the owner of the cache, and let nobody else read it.',
  write: 'Let the user that runs this process write into the folder, or name a cache in a folder of its own.',
  remove: 'Remove it as the user who owns it.',
}
