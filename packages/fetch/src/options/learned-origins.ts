import { ConfigurationError, shownInput } from '@s4u/kdc-client'

/**
 * Remembers origins that have asked for Negotiate. This is not a secret of any user, so all
 * identities share it.
 */

/**
 * The number of origins that are remembered, more than the backends of one app. The one that was
 * not asked longest is forgotten first. Code that chooses the URLs of an app can push others out:
 * an app whose URLs come from elsewhere lists its `origins`. An origin takes 300 octets at most.
 */
export const MAX_ORIGINS = 10_000

/** The origins, in order of their last use. */
const asking = new Set<string>()

/** Returns whether this origin has asked before; it is then remembered for longer. */
export function hasAsked({ origin }: URL): boolean {
  const found = asking.delete(origin)
  if (found) asking.add(origin)
  return found
}

export function rememberAsking({ origin }: URL): void {
  asking.delete(origin)
  asking.add(origin)
  if (asking.size <= MAX_ORIGINS) return
  for (const oldest of asking) {
    asking.delete(oldest)
    break
  }
}

/**
 * Whether requests carry a token before the server asks; `learned`: if the origin has asked once.
 */
export type Preemptive = boolean | 'learned'

export function isPreemptive(url: URL, preemptive: Preemptive = true): boolean {
  return preemptive === 'learned' ? hasAsked(url) : preemptive
}

/** Refuses other values of the option `preemptive`. @throws ConfigurationError */
export function checkPreemptive(preemptive: Preemptive = true): void {
  if (typeof preemptive === 'boolean' || preemptive === 'learned') return
  throw new ConfigurationError(`preemptive must be true, false or 'learned', not ${shownInput(preemptive)}`)
}
