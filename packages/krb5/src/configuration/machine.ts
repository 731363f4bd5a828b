/**
 * The machine and the user that a configuration is about. Packages that know a platform pass it in.
 */

import type { IncludeReader } from './profile.js'

export interface Machine extends IncludeReader {
  readonly environment: Readonly<Record<string, string | undefined>>
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
