import { constants } from 'node:fs'
import { Access, Disposition } from '../wire/file-messages.js'
import { chainOn } from './folders.js'
import type { ShareAccess } from './share-access.js'

const EXECUTE = 0x20

/** Opens the file with the rights that are asked about, and closes it again. @throws FileError */
export function checkAccess(
  access: ShareAccess,
  path: string,
  mode: number,
  { signal }: { readonly signal?: AbortSignal | undefined },
): Promise<void> {
  const rights =
    Access.READ_ATTRIBUTES |
    ((mode & constants.R_OK) === 0 ? 0 : Access.READ_DATA) |
    ((mode & constants.W_OK) === 0 ? 0 : Access.WRITE_DATA) |
    ((mode & constants.X_OK) === 0 ? 0 : EXECUTE)
  return chainOn(access, path, 'access', signal, { access: rights, disposition: Disposition.OPEN, options: 0 })
}
