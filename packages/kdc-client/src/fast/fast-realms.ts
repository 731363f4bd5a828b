import { asciiUpper } from '@s4u/krb5'

/**
 * Whether the KDCs of a realm accept armored requests. Source: RFC 6806 section 11.
 *
 * - `sealed`: they have said so in an encrypted part, or have answered in armor, which no attacker
 *   can write
 * - `said`: they have said so in an error, which anybody can write
 * - `none`: they did not say so in an encrypted part that lists what they support
 */
export type FastOffer = 'sealed' | 'said' | 'none'

/** What is known about the KDCs of one realm. */
export interface FastFacts {
  readonly offer?: FastOffer
  /** True if they strengthen the keys of armored replies. */
  readonly strengthens?: boolean
}

/**
 * What is remembered about FAST, by realm. An attacker who later removes the offer from an answer,
 * or answers in place of a KDC, cannot get a sign-in without armor.
 */
export class FastRealms {
  readonly #known = new Map<string, FastFacts>()

  of(realm: string): FastFacts {
    return this.#known.get(asciiUpper(realm)) ?? {}
  }

  /**
   * Notes facts about a realm. What was said in an encrypted part stays: no later error takes it
   * back.
   */
  note(realm: string, facts: FastFacts): void {
    const key = asciiUpper(realm)
    const before = this.#known.get(key) ?? {}
    const offer = facts.offer === 'said' ? (before.offer ?? 'said') : facts.offer
    if (this.#known.size >= MAX_REALMS && !this.#known.has(key)) this.#known.clear()
    this.#known.set(key, { ...before, ...facts, ...(offer && { offer }) })
  }
}

/**
 * The most realms. Only realms whose KDCs have issued a ticket are noted, and no forest has so
 * many.
 */
const MAX_REALMS = 1024
