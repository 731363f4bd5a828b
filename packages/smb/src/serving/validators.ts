import type { FileStats } from '../files/file-stats.js'

/** What a response says of the state of a file. RFC 9110 section 8.8. */
export interface Validators {
  readonly etag: string
  readonly lastModified: string
}

/**
 * A file that changed this shortly ago could change once more without another time, since some
 * servers count time in steps of some milliseconds; RFC 9110 section 8.8.2.2 asks for a second, and
 * the other one is for clocks that differ.
 */
const SETTLED = 2_000

/**
 * Returns the entity tag and the time of change of a file. The tag is weak for a file that has just
 * changed: parts of two states of it must not be put together.
 */
export function validatorsOf(stats: FileStats, now: number): Validators {
  const parts = [stats.size, stats.mtimeMs * 10_000, stats.ctimeMs * 10_000].map((part) => part.toString(36))
  const isSettled = now - Math.max(stats.mtimeMs, stats.ctimeMs) >= SETTLED
  const tag = `"${parts.join('-')}-${stats.ino.toString(36)}"`
  return { etag: isSettled ? tag : `W/${tag}`, lastModified: new Date(stats.mtimeMs).toUTCString() }
}
