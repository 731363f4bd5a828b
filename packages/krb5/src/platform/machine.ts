/**
 * The machine and the user that a configuration is about: `thisMachine` for this process, and
 * others for tests.
 */
export interface Machine {
  /** Reads a text file. Throws if it cannot be read. */
  readFile(path: string): string
  /** Returns the names of the files in a folder. Throws if it cannot be read. */
  listFolder(path: string): readonly string[]
  readonly environment: Readonly<Record<string, string | undefined>>
  /**
   * Windows runs here: files have other places there, and users have no numbers. Default: false.
   */
  readonly isWindows?: boolean
  /**
   * The number of the user who has started the process; undefined where users have no numbers
   * (Windows).
   */
  readonly uid: number | undefined
  /** The number of the user whose rights the process has. */
  readonly euid: number | undefined
  /**
   * Returns the name of that user. May throw where the name is not known, as in a container without
   * an entry in /etc/passwd.
   */
  username(): string
}
