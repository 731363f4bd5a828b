import { FileError } from '../errors.js'
import { isError, meaningOf, Status } from '../wire/status.js'
import type { Reply } from './request.js'

/** What was tried, for the error that says so. */
export interface Attempt {
  /** As Node calls it: `open`, `rename`. */
  readonly syscall: string
  /** The path as the caller gave it. */
  readonly path?: string | undefined
}

/**
 * Checks the status of an answer.
 * @param accepted statuses beside success that the caller deals with
 * @throws FileError
 */
export function requireSuccess({ status }: Reply, attempt: Attempt, accepted: readonly number[] = []): void {
  if (status === Status.SUCCESS || accepted.includes(status)) return
  throw refusalOf(status, attempt)
}

/** Makes the error for a status. */
export function refusalOf(status: number, { syscall, path }: Attempt): FileError {
  const { name: ntStatus, code } = meaningOf(status)
  const hint = HINTS[code] ?? (isError(status) ? undefined : 'The server answered with a warning that is no success.')
  return new FileError(
    code,
    { ntStatus, ntStatusCode: status >>> 0, syscall, path },
    { ...(hint !== undefined && { hint }) },
  )
}

const HINTS: Readonly<Record<string, string>> = {
  EACCES: 'The permissions on the file server say no to this user. They are changed there, on the file or its folder.',
  EBUSY: 'Another program has the file open in a way that excludes this. Try again when it is closed.',
  ENOSPC: 'The disk of the file server is full.',
  EDQUOT: 'The quota of this user on the file server is used up.',
  ENOTEMPTY: 'The folder has entries. rm with { recursive: true } removes them too.',
  EISDIR: 'This is a folder. rm with { recursive: true } removes one, readdir lists it.',
  EXDEV: 'The path lies on another server or disk. Links of DFS are followed to the servers in the option dfsTargets.',
}
