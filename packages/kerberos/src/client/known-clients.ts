import { createHmac, randomBytes } from 'node:crypto'
import type { KdcClient } from '@s4u/kdc-client'

/** A driver makes a context for each connection; all of them use the tickets of one client. */
const known = new Map<string, KdcClient>()

/** A process signs in as few principals. One that signs users in must not fill the memory. */
const MAX_KNOWN = 32

/** Passwords are among what decides a client, and are not kept as keys of a table. */
const SECRET = randomBytes(32)

/**
 * Returns the client that was made of the same parts before, else the one that `make` makes.
 *
 * @param parts everything that decides the tickets of the client, the environment included
 */
export function knownClient(parts: readonly unknown[], make: () => KdcClient): KdcClient {
  const key = createHmac('sha256', SECRET).update(JSON.stringify(parts)).digest('base64')
  const client = known.get(key) ?? make()
  known.delete(key)
  known.set(key, client)
  for (const oldest of known.keys()) {
    if (known.size <= MAX_KNOWN) break
    known.delete(oldest)
  }
  return client
}
