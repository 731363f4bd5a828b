/** What a configuration says is of one machine and one user. Packages that know a platform tell which. */

import type { IncludeReader } from './profile.js'

export interface Machine extends IncludeReader {
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Of the user whom the process runs as; undefined where users have no number (Windows). */
  readonly uid: number | undefined
  /** Of the user whose rights count. */
  readonly euid: number | undefined
  /** The name of that user. May throw where nobody knows it, as in a container without an entry in /etc/passwd. */
  username(): string
}
