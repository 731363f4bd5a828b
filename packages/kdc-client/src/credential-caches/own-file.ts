/** Files that hold somebody's tickets: read when they are ours, written for us alone. */

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

/** A cache that is larger is none; users of hundreds of services stay below one. */
const MAX_OCTETS = 32 * 1024 * 1024

export interface ReadFile {
  readonly octets: Uint8Array
  /** Differs when another file has taken its place, or its content was changed. */
  readonly stamp: string
}

/**
 * `shown` is what errors call it.
 * @throws ConfigurationError KRB5_FCC_NOFILE, KRB5_FCC_PERM where it may be another user's, KRB5_CC_FORMAT for a folder
 */
export function readOwnFile(path: string, shown: string): ReadFile {
  return reaching({ verb: 'read', path, shown }, () => {
    const { real, isShared } = ownPlaceOf(path, shown)
    // Without waiting for whoever writes into a pipe.
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
 * Whoever reads at the same time finds the old content or the new one; only this user can read it.
 * @throws as `readOwnFile`
 */
export function writeOwnFile(path: string, octets: Uint8Array, shown: string): void {
  reaching({ verb: 'write', path, shown }, () => {
    const { real } = ownPlaceOf(path, shown)
    if (existsSync(real)) requireFile(statSync(real), shown)
    // Not beginning as the caches of a folder do.
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
    // A machine that loses power must not have the new name for half of the octets.
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

/** False where there was none. @throws as `readOwnFile` */
export function removeOwnFile(path: string, shown: string): boolean {
  return reaching({ verb: 'remove', path, shown }, () => {
    const { real } = ownPlaceOf(path, shown)
    if (!existsSync(real)) return false
    requireFile(statSync(real), shown)
    rmSync(real)
    return true
  })
}

/** Of the file as it is now. @throws what the file system says */
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
        // Errors of the file system hold the path.
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
