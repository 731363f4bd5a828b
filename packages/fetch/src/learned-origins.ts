import { ConfigurationError } from '@s4u/kdc-client'

/** Origins that have asked for Negotiate. That a server asks is no secret of anybody's, so all identities learn together. */

/** More backends than one app talks to. */
const MAX_ORIGINS = 1_000

const asking = new Set<string>()

function wasAskedBy({ origin }: URL): boolean {
  return asking.has(origin)
}

export function rememberAsking({ origin }: URL): void {
  for (const oldest of asking) {
    if (asking.size < MAX_ORIGINS) break
    asking.delete(oldest)
  }
  asking.add(origin)
}

/** Whether requests carry a token unasked; `learned`: those to origins that have asked once. */
export type Preemptive = boolean | 'learned'

export function isPreemptive(url: URL, preemptive: Preemptive = true): boolean {
  return preemptive === 'learned' ? wasAskedBy(url) : preemptive
}

/** @throws ConfigurationError */
export function checkPreemptive(preemptive: Preemptive = true): void {
  if (typeof preemptive === 'boolean' || preemptive === 'learned') return
  throw new ConfigurationError(`preemptive must be true, false or 'learned', not ${JSON.stringify(preemptive)}`)
}
