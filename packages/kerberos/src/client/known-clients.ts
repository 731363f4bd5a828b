import { createHmac, randomBytes } from 'node:crypto'
import type { KdcClient } from '@s4u/kdc-client'
import type { Keytab } from '@s4u/krb5'

/** A driver makes a context for each connection; all of them use the tickets of one client. */
const known = new Map<string, KdcClient>()

/** A process signs in with few keytabs. One that makes them up must not fill the memory. */
const MAX_KNOWN = 32

/** Keys are among what decides a client, and are not kept as keys of a table. */
const SECRET = randomBytes(32)

/**
 * Returns the client that was made with the same keys and names before, else the one that `make`
 * makes. A file that has other keys by now makes another client: they may be another account's.
 *
 * @param names what else decides the tickets of the client, the environment included
 */
export function knownClient(keytab: Keytab, names: readonly (string | undefined)[], make: () => KdcClient): KdcClient {
  const named = JSON.stringify(names.map((name) => name ?? null))
  const key = createHmac('sha256', SECRET).update(named).update(keytab.encode()).digest('base64')
  const client = known.get(key) ?? make()
  known.delete(key)
  known.set(key, client)
  for (const oldest of known.keys()) {
    if (known.size <= MAX_KNOWN) break
    known.delete(oldest)
  }
  return client
}
