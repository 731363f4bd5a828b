/**
 * Files on Windows and Samba servers, read and written as the caller: an SMB client (2.1 to 3.1.1)
 * that signs in with Kerberos, and the names of `node:fs/promises`.
 */

export { FileError, type FileRefusal, FileServerUnreachableError } from './errors.js'
export type { ShareUser, ShareUserOptions } from './connection/session.js'
export type { DfsTarget } from './files/dfs-links.js'
export type { TimeLike } from './files/changes.js'
export { FileHandle, type ReadResult } from './files/file-handle.js'
export { FileStats, FolderEntry } from './files/file-stats.js'
export type { ReadStreamOptions, WriteStreamOptions } from './open-files/file-streams.js'
export type { OpenFlags } from './open-files/open-flags.js'
export type { WatchEvent } from './files/watch-folder.js'
export { Share } from './files/share.js'
export type {
  CallOptions,
  CopyFileOptions,
  FileData,
  MkdirOptions,
  ReaddirOptions,
  ReadFileOptions,
  RmOptions,
  WatchFolderOptions,
  WriteFileOptions,
} from './files/share-options.js'
export type { ServerShare } from './pipes/list-shares.js'
export { openShare, SHARE_OPTIONS, type ShareOptions } from './open-share.js'
export { serveShare, type ShareHandler } from './serving/serve-share.js'
export { SERVE_SHARE_OPTIONS, type ServeShareOptions } from './serving/serve-share-options.js'
export type { ServedCaller } from './serving/served-share.js'
export type { Cipher, Dialect, SigningAlgorithm } from './wire/negotiate-message.js'
