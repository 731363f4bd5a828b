/**
 * Who can have put a file where it is. In a folder where all may write, as /tmp is, another user can put a cache of his where this
 * process looks for its own: it would act as him, and tell its secrets to whom he likes. Or he puts a link there, and this process
 * overwrites what it leads to.
 */

import { ConfigurationError } from '@s4u/krb5'
import { lstatSync, readlinkSync, type Stats, statSync } from 'node:fs'
import { join, parse, resolve, sep } from 'node:path'

export interface OwnPlace {
  /** The path, without links. */
  readonly real: string
  /** Somebody else could have put a file there: its owner is to be looked at once more when it is open. */
  readonly isShared: boolean
}

/** Links lead from one to the next; a system that follows more has none either. */
const MAX_LINKS = 40

/**
 * Goes there as the system does, and looks at each step who can have made it. The file itself may be missing.
 * @throws ConfigurationError KRB5_FCC_PERM where it may be another user's; else what the file system says
 */
export function ownPlaceOf(path: string, shown: string, links = 0): OwnPlace {
  const whole = resolve(path)
  const { root } = parse(whole)
  const steps = whole.slice(root.length).split(sep)
  let [at, isShared] = [root, false]
  for (const [index, step] of steps.entries()) {
    isShared = isWritableByAll(at)
    const next = join(at, step)
    const status = lstatSync(next, { throwIfNoEntry: index < steps.length - 1 })
    if (status !== undefined && isShared) requireOwnStep(status, shown)
    if (status?.isSymbolicLink()) requireOwnLink(status, statSync(root), shown)
    if (status?.isSymbolicLink() && links < MAX_LINKS)
      return ownPlaceOf(join(resolve(at, readlinkSync(next)), ...steps.slice(index + 1)), shown, links + 1)
    at = next
  }
  return { real: at, isShared }
}

function isWritableByAll(folder: string): boolean {
  return process.geteuid !== undefined && (statSync(folder).mode & 0o002) !== 0
}

function requireOwnStep(status: Stats, shown: string): void {
  if (status.isSymbolicLink()) throw foreign(shown, 'is behind a link')
  // A folder that the system has made there is nobody's trap.
  if (status.isDirectory() && status.uid === 0) return
  requireOwner(status, shown)
}

/**
 * A folder that is another user's, or that a group may write to, is somebody's choice; a link that he has put there is his choice of the
 * file. The system's links are root's, which within a sandbox is whoever the root folder belongs to.
 */
function requireOwnLink({ uid }: Stats, root: Stats, shown: string): void {
  const self = process.geteuid?.()
  if (self === undefined || uid === self || uid === 0 || uid === root.uid) return
  throw new ConfigurationError(
    `the credential cache ${shown} is behind a link of user ${uid}, while this process runs as user ${self}`,
    { code: 'KRB5_FCC_PERM', hint: 'Name the file itself, or have the link made by the user of this process.' },
  )
}

/** @throws ConfigurationError KRB5_FCC_PERM */
export function requireOwner({ uid }: Stats, shown: string): void {
  const self = process.geteuid?.()
  if (uid !== self) throw foreign(shown, `belongs to user ${uid}, while this process runs as user ${self}, and is`)
}

function foreign(shown: string, what: string): ConfigurationError {
  return new ConfigurationError(
    `the credential cache ${shown} ${what} in a folder where all may write: it may be of somebody who wants this process to act as him`,
    {
      code: 'KRB5_FCC_PERM',
      hint: 'Have the cache in a folder that only the user of this process may write to, such as /run/user/UID. Remove what is there now if nobody knows it.',
    },
  )
}
