import type { DirectoryCommands } from '../errors/directory-setting.js'

/** Returns the same command for all directories that are administered in a shell. */
export function everyShell(command: string): DirectoryCommands {
  return { samba: command, mit: command, heimdal: command, freeIpa: command }
}

/** Returns the same command for MIT and for FreeIPA, which runs MIT's KDC. */
export function mitAndFreeIpa(command: string): DirectoryCommands {
  return { mit: command, freeIpa: command }
}
