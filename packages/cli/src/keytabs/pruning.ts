import type { CheckedKey, KeyState } from '@s4u/kdc-client'
import { formatPrincipal, Keytab, type KeytabEntry, samePrincipal } from '@s4u/krb5'

export interface PruningOptions {
  readonly keytab: Keytab
  /** What the KDC says of each key of the keytab. */
  readonly checked: readonly CheckedKey[]
  /** How long a ticket can live, in milliseconds. */
  readonly lifetime: number
  /** Milliseconds since the epoch. */
  readonly now: number
}

/** A keytab without the keys that open no ticket any more. */
export interface Pruned {
  readonly keytab: Keytab
  readonly dropped: readonly KeytabEntry[]
  /** Old keys that stay, and why. */
  readonly staying: readonly StayingKey[]
}

export interface StayingKey {
  readonly entry: KeytabEntry
  /** When the last ticket for this key has ended; undefined where the keytab does not tell it. */
  readonly until: number | undefined
}

/** Services take a ticket this much longer than its end. Source: RFC 4120 section 3.2.3. */
const CLOCK_SKEW = 300_000

/**
 * Leaves out the keys for which no ticket can live any more: the KDC has a newer key of the
 * principal, which is in the keytab, and has had it for longer than a ticket lives. When it got the
 * newer key is the time at which the keytab got it, as `rotateKeytab` has it.
 */
export function prunedKeytab({ keytab, checked, lifetime, now }: PruningOptions): Pruned {
  const dropped: KeytabEntry[] = []
  const staying: StayingKey[] = []
  for (const { entry } of checked.filter(({ state }) => state === 'old')) {
    const replaced = replacedAt(entry, checked)
    const until = replaced === undefined ? undefined : replaced + lifetime + CLOCK_SKEW
    if (until !== undefined && until <= now) dropped.push(entry)
    else staying.push({ entry, until })
  }
  const left = keytab.entries.filter((entry) => !dropped.includes(entry))
  return { keytab: new Keytab(left, keytab.source), dropped, staying }
}

const IN_USE: readonly KeyState[] = ['current', 'version-differs']

/**
 * When the next version of a key was written; undefined where no key of the principal is in use, or
 * the keytab has no time.
 */
function replacedAt(old: KeytabEntry, checked: readonly CheckedKey[]): number | undefined {
  const own = checked.filter(({ entry }) => samePrincipal(entry.principal, old.principal))
  const newer = own.filter(({ entry, state }) => entry.kvno > old.kvno && (IN_USE.includes(state) || state === 'old'))
  if (!newer.some(({ state }) => IN_USE.includes(state))) return undefined
  const next = Math.min(...newer.map(({ entry }) => entry.kvno))
  const times = newer.filter(({ entry }) => entry.kvno === next).map(({ entry }) => entry.timestamp)
  // Some programs write no time, which is 0 and would be long ago.
  return times.every((time) => time > 0) ? Math.max(...times) : undefined
}

/** `2 of svc-web@CORP.TEST`, each version once. */
export function versionNames(entries: readonly KeytabEntry[]): readonly string[] {
  return [...new Set(entries.map(({ kvno, principal }) => `${kvno} of ${formatPrincipal(principal)}`))]
}
