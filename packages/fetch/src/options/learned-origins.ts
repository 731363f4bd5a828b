import { ConfigurationError, shownInput } from '@s4u/kdc-client'

/**
 * Origins that have asked for Negotiate. That a server asks is no secret of anybody's, so all
 * identities learn together.
 */

/**
 * More backends than one app talks to. The one that was not asked longest is forgotten first, and
 * whoever chooses the URLs of an app can have it forget: an app whose URLs come from elsewhere
 * makes a list of its `origins`. An origin takes 300 octets at most.
 */
export const MAX_ORIGINS = 10_000

/** In order of their last use. */
const asking = new Set<string>()

/** Whether this origin has asked before; it is then remembered for longer. */
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

/** Whether requests carry a token unasked; `learned`: those to origins that have asked once. */
export type Preemptive = boolean | 'learned'

export function isPreemptive(url: URL, preemptive: Preemptive = true): boolean {
  return preemptive === 'learned' ? hasAsked(url) : preemptive
}

/** @throws ConfigurationError */
export function checkPreemptive(preemptive: Preemptive = true): void {
  if (typeof preemptive === 'boolean' || preemptive === 'learned') return
  throw new ConfigurationError(`preemptive must be true, false or 'learned', not ${shownInput(preemptive)}`)
}
