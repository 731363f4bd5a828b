/** Origins that have asked for Negotiate. That a server asks is no secret of anybody's, so all identities learn together. */

/** More backends than one app talks to. */
const MAX_ORIGINS = 1_000

const asking = new Set<string>()

export function wasAskedBy({ origin }: URL): boolean {
  return asking.has(origin)
}

export function rememberAsking({ origin }: URL): void {
  for (const oldest of asking) {
    if (asking.size < MAX_ORIGINS) break
    asking.delete(oldest)
  }
  asking.add(origin)
}
