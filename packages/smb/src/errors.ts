/** The errors of this package, by who must act: the file server's administrator, or the network. */

import {
  type ErrorDetails,
  type ErrorStatus,
  MalformedTokenError,
  RejectedTokenError,
  S4uError,
  type S4uErrorCode,
} from '@s4u/krb5'

/** What a file server answered, in its own terms. */
export interface FileRefusal {
  /** The name of the status in MS-ERREF section 2.3.1: `STATUS_ACCESS_DENIED`. */
  readonly ntStatus: string
  /** The number of the status: 0xC0000022. */
  readonly ntStatusCode: number
  /** What was asked for: `open`, `read`, `rename`. */
  readonly syscall: string
  /** The path as the caller gave it; undefined where there is none. */
  readonly path?: string | undefined
}

/**
 * A file server answered no. `code` is that of `node:fs` for the same fault: `ENOENT`, `EACCES`.
 *
 * @example
 * ```ts
 * import { FileError } from '@s4u/smb'
 *
 * export const isMissing = (error: unknown): boolean =>
 *   error instanceof FileError && error.code === 'ENOENT'
 * ```
 */
export class FileError extends S4uError implements FileRefusal {
  override readonly name = 'FileError'
  readonly ntStatus: string
  readonly ntStatusCode: number
  readonly syscall: string
  readonly path: string | undefined

  constructor(code: S4uErrorCode, refusal: FileRefusal, details: ErrorDetails = {}) {
    const { ntStatus, ntStatusCode, syscall, path } = refusal
    const where = path === undefined ? '' : ` '${path}'`
    super(`${code}: ${ntStatus}, ${syscall}${where}`, { status: STATUS_OF[code] ?? 502, ...details, code })
    this.ntStatus = ntStatus
    this.ntStatusCode = ntStatusCode
    this.syscall = syscall
    this.path = path
  }
}

const STATUS_OF: Readonly<Partial<Record<S4uErrorCode, ErrorStatus>>> = {
  ENOENT: 404,
  ENOTDIR: 404,
  ENAMETOOLONG: 404,
  EACCES: 403,
  EPERM: 403,
  EBUSY: 503,
  ETIMEDOUT: 504,
}

/**
 * A file server could not be reached, or its connection was lost. `code` is `ECONNREFUSED`,
 * `ECONNRESET`, `ETIMEDOUT`, `ENOTFOUND` or `EHOSTUNREACH`.
 *
 * @example
 * ```ts
 * import { FileServerUnreachableError } from '@s4u/smb'
 *
 * // Whether another try may help: nothing was refused.
 * export const mayTryAgain = (error: unknown) => error instanceof FileServerUnreachableError
 * ```
 */
export class FileServerUnreachableError extends S4uError {
  override readonly name = 'FileServerUnreachableError'

  constructor(message: string, details: ErrorDetails & { readonly code: S4uErrorCode }) {
    super(message, { status: details.code === 'ETIMEDOUT' ? 504 : 503, ...details })
  }
}

/** Makes the error for octets of a server that are not what MS-SMB2 says. */
export function malformedAnswer(path: string, expected: string, found: string): MalformedTokenError {
  return new MalformedTokenError({ path, expected, found, code: 'STATUS_INVALID_NETWORK_RESPONSE', status: 502 })
}

/** Makes the error for a server, or somebody on the way, that is not believed. */
export function distrusted(code: S4uErrorCode, message: string, hint?: string): RejectedTokenError {
  return new RejectedTokenError(message, { code, status: 502, ...(hint !== undefined && { hint }) })
}
