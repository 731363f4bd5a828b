import type { DirectoryCommands } from '../errors/directory-setting.js'

/** One command for all directories that are administered in a shell. */
export function everyShell(command: string): DirectoryCommands {
  return { samba: command, mit: command, heimdal: command, freeIpa: command }
}

/** MIT's, which FreeIPA has as well: it runs MIT's KDC. */
export function mitAndFreeIpa(command: string): DirectoryCommands {
  return { mit: command, freeIpa: command }
}
