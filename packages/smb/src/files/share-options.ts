/** Options of the calls of a share, in the words of `node:fs/promises`. */

import { ConfigurationError, type OptionTableOf, requireKnownOptions, shownInput } from '@s4u/krb5'

/** Options that every call has. */
export interface CallOptions {
  /** Ends the call, on the server too. Default: none. Example: `AbortSignal.timeout(5_000)`. */
  readonly signal?: AbortSignal | undefined
}

/** Every name in CallOptions; others are refused. */
export const CALL_OPTIONS = { signal: 'value' } as const satisfies OptionTableOf<CallOptions>

/** Options of `readFile`. */
export interface ReadFileOptions extends CallOptions {
  /** With an encoding the contents are text: `'utf8'`. Default: octets. */
  readonly encoding?: BufferEncoding | null | undefined
}

/** Every name in ReadFileOptions; others are refused. */
export const READ_OPTIONS = { ...CALL_OPTIONS, encoding: 'value' } as const satisfies OptionTableOf<ReadFileOptions>

/** Options of `writeFile` and `appendFile`. */
export interface WriteFileOptions extends CallOptions {
  /** The encoding of data that is text. Default: `'utf8'`. */
  readonly encoding?: BufferEncoding | undefined
  /** `w` replaces a file, `wx` refuses where there is one (EEXIST), `a` appends. Default: `w`. */
  readonly flag?: 'w' | 'wx' | 'a' | undefined
}

/** Every name in WriteFileOptions; others are refused. */
export const WRITE_OPTIONS = {
  ...CALL_OPTIONS,
  encoding: 'value',
  flag: 'value',
} as const satisfies OptionTableOf<WriteFileOptions>

/** Options of `readdir`. */
export interface ReaddirOptions extends CallOptions {
  /** Entries with what the server tells of them, and not names alone. Default: `false`. */
  readonly withFileTypes?: boolean | undefined
  /** Folders within the folder too. Links are not followed. Default: `false`. */
  readonly recursive?: boolean | undefined
}

/** Every name in ReaddirOptions; others are refused. */
export const READDIR_OPTIONS = {
  ...CALL_OPTIONS,
  withFileTypes: 'flag',
  recursive: 'flag',
} as const satisfies OptionTableOf<ReaddirOptions>

/** Options of `mkdir`. */
export interface MkdirOptions extends CallOptions {
  /** Folders above too, and no error where the folder is there. Default: `false`. */
  readonly recursive?: boolean | undefined
}

/** Every name in MkdirOptions; others are refused. */
export const MKDIR_OPTIONS = { ...CALL_OPTIONS, recursive: 'flag' } as const satisfies OptionTableOf<MkdirOptions>

/** Options of `watch`. */
export interface WatchFolderOptions extends CallOptions {
  /** Folders within the folder too. Default: `false`. */
  readonly recursive?: boolean | undefined
}

/** Every name in WatchFolderOptions; others are refused. */
export const WATCH_OPTIONS = { ...CALL_OPTIONS, recursive: 'flag' } as const satisfies OptionTableOf<WatchFolderOptions>

/** Options of `rm`. */
export interface RmOptions extends CallOptions {
  /** A folder with all that is in it. Default: `false`. */
  readonly recursive?: boolean | undefined
  /** No error where there is nothing. Default: `false`. */
  readonly force?: boolean | undefined
}

/** Every name in RmOptions; others are refused. */
export const RM_OPTIONS = {
  ...CALL_OPTIONS,
  recursive: 'flag',
  force: 'flag',
} as const satisfies OptionTableOf<RmOptions>

/** Options of `copyFile`. */
export interface CopyFileOptions extends CallOptions {
  /** Refuses where the target is there (EEXIST). Default: `false`. */
  readonly exclusive?: boolean | undefined
}

/** Every name in CopyFileOptions; others are refused. */
export const COPY_OPTIONS = { ...CALL_OPTIONS, exclusive: 'flag' } as const satisfies OptionTableOf<CopyFileOptions>

/** What can be written: text, or octets. */
export type FileData = string | Uint8Array

/** Octets of data. @throws ConfigurationError */
export function octetsOf(data: FileData, encoding: BufferEncoding = 'utf8'): Uint8Array {
  if (typeof data === 'string') return Buffer.from(data, encoding)
  if (data instanceof Uint8Array) return data
  throw new ConfigurationError(`data must be a string or octets, and is ${shownInput(data)}`, {
    code: 'EINVAL',
    hint: 'Give a string, a Buffer or a Uint8Array. Streams go through createWriteStream.',
  })
}

/** Checks options that may be an encoding alone, as Node takes them. */
export function withEncoding<T extends { readonly encoding?: BufferEncoding | null | undefined }>(
  owner: string,
  given: T | BufferEncoding | null | undefined,
  table: OptionTableOf<T>,
): T | { readonly encoding: BufferEncoding } {
  if (typeof given === 'string') return { encoding: given }
  return requireKnownOptions(owner, given ?? undefined, table)
}
