import { type Pac, printableName } from '@s4u/krb5'

/** The statements of a PAC for which its realm has no authority. They grant nothing. */
export interface Withheld {
  /** The realm of the user, safe to print. */
  readonly realm: string
  /** The SIDs of user and groups. They still deny: see `Identity.accessCheck`. */
  readonly sids?: readonly string[]
  /** How many further SIDs there were. */
  readonly moreSids?: number
  /** The user principal name. */
  readonly upn?: string
  /** The ids of claims. */
  readonly claims?: readonly string[]
  /** The SID of a device that does not count, with its groups and claims. */
  readonly device?: string
  /** The services that supposedly acted for the user. */
  readonly delegatedBy?: readonly string[]
  /** Why not even the SIDs of the realm's own domain are believed. */
  readonly because?: string
}

/**
 * How many entries of a list an event shows: a PAC has room for thousands of SIDs, and each request
 * would write them down.
 */
export const MAX_SHOWN = 100

/** How many characters of a name an event shows: a realm of another forest chooses it. */
const LONGEST_TEXT = 256

/**
 * Returns what was withheld of a PAC; undefined if nothing was. It is kept with the PAC, which
 * copies of an identity share.
 */
export function withheldOf(pac: Pac | undefined): Withheld | undefined {
  return pac === undefined ? undefined : withheldParts.get(pac)
}

/** Notes with a PAC what was withheld of it. Returns the PAC. */
export function noteWithheld(pac: Pac, withheld: Withheld): Pac {
  withheldParts.set(pac, Object.freeze(withheld))
  return pac
}

/** What must also be known of the PAC of another realm's user. */
export interface ForeignFacts {
  /**
   * The domain of this service: `Domain Admins` of a security descriptor means this one and not the
   * user's. `false`: not known, or there is none.
   */
  readonly serviceDomain: string | false
  /** The realm whose KDC may have made up the services that acted for the user, safe to print. */
  readonly delegationToldBy?: string
}

/** Returns what must also be known of the PAC; undefined for users of our own realm. */
export function foreignFactsOf(pac: Pac | undefined): ForeignFacts | undefined {
  return pac === undefined ? undefined : foreignFacts.get(pac)
}

/** Notes what must also be known of the PAC of another realm's user. */
export function noteForeign(pac: Pac, facts: ForeignFacts): void {
  foreignFacts.set(pac, Object.freeze(facts))
}

/** Returns texts that others have chosen, cut and safe to print, for logs. */
export function shownTexts(texts: readonly string[]): readonly string[] {
  return Object.freeze(texts.slice(0, MAX_SHOWN).map(shownText))
}

/** Returns a text that others have chosen, cut and safe to print. */
export function shownText(text: string): string {
  return printableName(text.slice(0, LONGEST_TEXT))
}

const withheldParts = new WeakMap<Pac, Withheld>()
const foreignFacts = new WeakMap<Pac, ForeignFacts>()
