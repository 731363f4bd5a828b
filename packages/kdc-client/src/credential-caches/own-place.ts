/**
 * Finds out who could have put a file where it is.
 *
 * All users may write to a folder such as /tmp. Another user can put his own cache there, where
 * this process looks for its cache: the process would act as that user, and send its secrets to
 * services that he chooses. Or he puts a link there, and the process overwrites the file to which
 * the link leads.
 */

import { ConfigurationError } from '@s4u/krb5'
import { lstatSync, readlinkSync, type Stats, statSync } from 'node:fs'
import { join, parse, resolve, sep } from 'node:path'

export interface OwnPlace {
  /** The path without links. */
  readonly real: string
  /**
   * True if somebody else could have put a file there: the owner must be checked again when the
   * file is open.
   */
  readonly isShared: boolean
}

/** How many links are followed from one to the next. Systems do not follow more either. */
const MAX_LINKS = 40

/**
 * Follows the path as the system does, and checks at each step who could have made it. The file
 * itself may be missing.
 *
 * @throws ConfigurationError KRB5_FCC_PERM if the file may be another user's; otherwise the error
 * of the file system
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
  // A folder that the system itself has made is no trap of another user.
  if (status.isDirectory() && status.uid === 0) return
  requireOwner(status, shown)
}

/**
 * Throws for a link that another user has made. A folder that belongs to another user, or to which
 * a group may write, was chosen by the app; the link in it was not. The links of the system belong
 * to root. In a sandbox, root is the owner of the root folder.
 */
function requireOwnLink({ uid }: Stats, root: Stats, shown: string): void {
  const self = process.geteuid?.()
  if (self === undefined || uid === self || uid === 0 || uid === root.uid) return
  throw new ConfigurationError(
    `the credential cache ${shown} is behind a link of user ${uid}, while this process runs as user ${self}`,
    { code: 'KRB5_FCC_PERM', hint: 'Name the file itself, or have the link made by the user of this process.' },
  )
}

/**
 * Throws if a file belongs to another user.
 *
 * @throws ConfigurationError KRB5_FCC_PERM
 */
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
