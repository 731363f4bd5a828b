import { asciiUpper } from '@s4u/krb5'

/**
 * Whether the KDCs of a realm take armored requests. `sealed`: they have said so where nobody on
 * the way could have written it, or have answered in armor. `said`: in an error, which anybody can
 * write. `none`: under a seal they did not say it, although they say what they can do there. Source:
 * RFC 6806 section 11.
 */
export type FastOffer = 'sealed' | 'said' | 'none'

/** What is known of the KDCs of one realm. */
export interface FastFacts {
  readonly offer?: FastOffer
  /** They make the keys of armored replies stronger. */
  readonly strengthens?: boolean
}

/**
 * What is remembered of FAST by realm, so that whoever leaves the offer out of an answer later, or
 * answers in a KDC's place, does not get a sign-in without armor.
 */
export class FastRealms {
  private readonly known = new Map<string, FastFacts>()

  of(realm: string): FastFacts {
    return this.known.get(asciiUpper(realm)) ?? {}
  }

  /** What has been said under a seal stands: no later error takes it back. */
  note(realm: string, facts: FastFacts): void {
    const key = asciiUpper(realm)
    const before = this.known.get(key) ?? {}
    const offer = facts.offer === 'said' ? (before.offer ?? 'said') : facts.offer
    if (this.known.size >= MAX_REALMS && !this.known.has(key)) this.known.clear()
    this.known.set(key, { ...before, ...facts, ...(offer && { offer }) })
  }
}

/** Only realms whose KDCs have given a ticket are noted; no forest is that large. */
const MAX_REALMS = 1024
