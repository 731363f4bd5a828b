import { type Pac, printableName } from '@s4u/krb5'

/** What a PAC said that its realm has no authority for, and that therefore grants nothing. */
export interface Withheld {
  /** Whose user the PAC speaks of, as it may be printed. */
  readonly realm: string
  /** User and groups. They still deny: see `Identity.accessCheck`. */
  readonly sids?: readonly string[]
  /** How many SIDs there were besides. */
  readonly moreSids?: number
  readonly upn?: string
  /** The ids of claims. */
  readonly claims?: readonly string[]
  /** The SID of a device, with its groups and claims. */
  readonly device?: string
  /** The services that are said to have acted for the user. */
  readonly delegatedBy?: readonly string[]
  /** Why not even the SIDs of the realm's own domain are believed. */
  readonly because?: string
}

/**
 * Of lists in events: a PAC has room for thousands of SIDs, and each request would write them down.
 */
export const MAX_SHOWN = 100

const LONGEST_TEXT = 256

/**
 * What was withheld of a PAC, where something was: what is handed on is the PAC, whoever copies an
 * identity.
 */
export function withheldOf(pac: Pac | undefined): Withheld | undefined {
  return pac === undefined ? undefined : withheldParts.get(pac)
}

export function noteWithheld(pac: Pac, withheld: Withheld): Pac {
  withheldParts.set(pac, Object.freeze(withheld))
  return pac
}

/** What has to be known besides of a PAC of another realm's user. */
export interface ForeignFacts {
  /**
   * The domain of this service: what `Domain Admins` means here is not theirs. `false`: not known,
   * or there is none.
   */
  readonly serviceDomain: string | false
  /**
   * The realm whose KDC may have made up the services that acted for the user, as it may be
   * printed.
   */
  readonly delegationToldBy?: string
}

/** Undefined for users of our own realm. */
export function foreignFactsOf(pac: Pac | undefined): ForeignFacts | undefined {
  return pac === undefined ? undefined : foreignFacts.get(pac)
}

export function noteForeign(pac: Pac, facts: ForeignFacts): void {
  foreignFacts.set(pac, Object.freeze(facts))
}

/** Others chose the text: for logs. */
export function shownTexts(texts: readonly string[]): readonly string[] {
  return Object.freeze(texts.slice(0, MAX_SHOWN).map(shownText))
}

export function shownText(text: string): string {
  return printableName(text.slice(0, LONGEST_TEXT))
}

const withheldParts = new WeakMap<Pac, Withheld>()
const foreignFacts = new WeakMap<Pac, ForeignFacts>()
