/**
 * The part of the list of error codes that is about files on a server: codes of Node, and names of
 * MS-ERREF for what is wrong with the server itself.
 */

/** What each of these codes means, in one sentence. */
export const FILE_ERROR_MEANINGS = {
  EACCES: 'The permissions of the file, or of the share, do not let this user do it.',
  EAGAIN: 'The file server takes no further request of this kind now.',
  EBADF: 'The file was closed, or the share was.',
  EBUSY: 'Another program has the file open in a way that excludes this.',
  ECONNREFUSED: 'No server listens at this address.',
  ECONNRESET: 'The connection to the server was lost.',
  EDQUOT: 'The quota of the user is used up.',
  EEXIST: 'Something with this name is there already.',
  EFBIG: 'The file is larger than a buffer can be.',
  EHOSTUNREACH: 'There is no way to the address of the server.',
  EINVAL: 'The name or the value is one that the file server does not have.',
  EIO: 'The file server failed in a way that Node has no name for: `ntStatus` has its own.',
  EISDIR: 'This is a folder, and not a file.',
  ELOOP: 'The path goes through a link that the file server does not follow.',
  EMFILE: 'Too many files are open on the file server.',
  ENAMETOOLONG: 'The name, or the path, is too long.',
  ENOENT: 'There is no file, folder or share of this name.',
  ENOMEM: 'The file server lacks memory or other resources.',
  ENOSPC: 'The disk of the file server is full.',
  ENOTDIR: 'A part of the path is a file, and not a folder.',
  ENOTEMPTY: 'The folder has entries.',
  ENOTFOUND: 'The name of the server has no address.',
  ENOTSUP: 'The file server does not do this.',
  EPERM: 'The user lacks a privilege, or the file must not be deleted.',
  EROFS: 'The disk of the file server can only be read.',
  EXDEV: 'The path lies on another server or disk.',
  STATUS_DECRYPTION_FAILED: 'An encrypted answer of a file server does not open with the key of the session.',
  STATUS_DOWNGRADE_DETECTED: 'What was negotiated with a server is less than what was offered, or was changed.',
  STATUS_INSUFFICIENT_RESOURCES: 'A file server lets the client ask nothing more.',
  STATUS_INVALID_NETWORK_RESPONSE: 'An answer of a file server is not what MS-SMB2 says.',
  STATUS_INVALID_SIGNATURE: 'The signature of a file server is missing or wrong.',
  STATUS_LOGON_FAILURE: 'A file server or a domain controller did not let the user in, or only as a guest.',
  STATUS_NOT_SUPPORTED: 'A file server does not know what is needed: a dialect, or encryption.',
} as const
