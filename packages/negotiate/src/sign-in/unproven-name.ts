import { createHmac, randomBytes } from 'node:crypto'

/**
 * Unknown names cannot be guessed from what records show of them. The key is made when it is first
 * needed: some runtimes have no random numbers while modules are loaded.
 */
let secret: Uint8Array | undefined

/**
 * Returns the digest of a name that was typed: of the whole text, since a realm may be anything.
 */
export function keyOfName(user: string): string {
  secret ??= randomBytes(32)
  return createHmac('sha256', secret).update(user.trim().toLowerCase()).digest('hex')
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
