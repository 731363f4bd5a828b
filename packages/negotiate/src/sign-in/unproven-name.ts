import { createHmac, randomBytes } from 'node:crypto'

/** Unknown names cannot be guessed from what records show of them. */
const KEY = randomBytes(32)

/**
 * Returns the digest of a name that was typed: of the whole text, since a realm may be anything.
 */
export function keyOfName(user: string): string {
  return createHmac('sha256', KEY).update(user.trim().toLowerCase()).digest('hex')
}

/**
 * Returns what records call a user whom no KDC has proved to exist: what was typed may be a
 * password. The same text has the same digits as long as the process runs.
 */
export function unprovenName(user: string): string {
  return `unknown ${keyOfName(user).slice(0, DIGITS)}`
}

/** Enough to tell the names of one attack apart. */
const DIGITS = 8
