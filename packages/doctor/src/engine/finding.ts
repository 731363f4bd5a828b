import type { DirectoryChange } from '@s4u/directory'
import type { DirectorySetting } from '@s4u/kdc-client'

/**
 * `failed` is red, `warning` yellow, `ok` green; `skipped` says nothing, because something else is
 * missing.
 */
export type FindingStatus = 'ok' | 'warning' | 'failed' | 'skipped'

/** What one check found: one sentence with the value, and what mends it. */
export interface Finding {
  /** The stable name of the check: `spn-registered`. */
  readonly check: string
  /** What the check asks, for people: `The service principal name is registered`. */
  readonly title: string
  /** Which of several the check looked at: `HTTP/api.corp.test`, `dc1.corp.test:88`. */
  readonly subject?: string
  readonly status: FindingStatus
  /** One sentence with the value that was found. */
  readonly found: string
  /** Why the value matters. */
  readonly why?: string
  /** What to do where no command of a directory does it. */
  readonly hint?: string
  /** The settings of the directory that mend it, with a command for each kind of directory. */
  readonly settings: readonly DirectorySetting[]
  /**
   * The same as changes of the directory that `directory.apply` makes, where the directory was read
   * and a change of attributes is all that is missing.
   */
  readonly changes?: readonly DirectoryChange[]
  /**
   * What the settings and changes may harm, where a person must judge that: they lift a protection
   * that somebody has set, or are right only if something else is. Nothing makes them unasked.
   */
  readonly risk?: string
  /** The code of the error that the check met: `KDC_ERR_S_PRINCIPAL_UNKNOWN`. */
  readonly code?: string
  /** Of a skipped check: the failed check that it depends on. */
  readonly because?: string
}

/** What a check says of its finding; the engine adds the name of the check. */
export type Verdict = Omit<Finding, 'check' | 'title'>

/** Additions to a verdict. */
export type VerdictDetails = Partial<Omit<Verdict, 'status' | 'found'>>

export function ok(found: string, details: VerdictDetails = {}): Verdict {
  return { status: 'ok', found, settings: [], ...details }
}

export function warning(found: string, details: VerdictDetails = {}): Verdict {
  return { status: 'warning', found, settings: [], ...details }
}

export function failed(found: string, details: VerdictDetails = {}): Verdict {
  return { status: 'failed', found, settings: [], ...details }
}

export function skipped(found: string, details: VerdictDetails = {}): Verdict {
  return { status: 'skipped', found, settings: [], ...details }
}
