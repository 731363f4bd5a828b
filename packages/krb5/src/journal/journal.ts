/**
 * What happens, told to people: to the `logger` of the options, to whoever set NODE_DEBUG=s4u, and, where neither is there, the first
 * refusal of each kind as a warning of the process, so that no service refuses everybody in front of an empty console.
 *
 * There is no platform in here: packages that run on Node bring its `debuglog` and `emitWarning`.
 */

import { printable } from '../errors/printable.js'
import type { Logger, LogLevel } from './logger.js'

/** One thing that happened. */
export interface JournalEntry {
  readonly level: LogLevel
  /** In one line: `refused alice@AD.TEST: KRB_AP_ERR_SKEW: …`. Without secrets; names of others may be in it. */
  readonly text: string
  /** What to do about it; lines are kept. */
  readonly hint?: string | undefined
}

/** What a platform has for texts that nobody asked for. */
export interface Outlets {
  /** `debuglog('s4u')` of `node:util`. */
  readonly debug: { readonly enabled: boolean; (format: string, text: string): void }
  /** `process.emitWarning`. */
  readonly warn: (text: string) => void
}

/**
 * Kinds of refusals that are warned of. Codes are the protocol's, and some hundreds: but which of them come is the peers' choice, and a
 * process is not to fill its console with them.
 */
const MAX_KINDS = 32

/** Of one warning; characters. Names of peers are in it. */
const MAX_WARNING = 6_000

/** Of all journals of the process: two acceptors do not warn of the same. */
const warnedOf = new Set<string>()

export class Journal {
  readonly #outlets: Outlets
  readonly #logger: Logger | undefined
  readonly #warnedOf: Set<string>

  /** @param known kinds that have been warned of, for tests; default: those of the process */
  constructor(outlets: Outlets, logger?: Logger, known: Set<string> = warnedOf) {
    this.#outlets = outlets
    this.#logger = logger
    this.#warnedOf = known
  }

  /** Whether entries are read: if not, making them can be saved. */
  get isRead(): boolean {
    return this.#logger !== undefined || this.#outlets.debug.enabled
  }

  /** Something that nobody misses who does not read along. */
  note(make: () => JournalEntry): void {
    if (this.isRead) this.#write(make())
  }

  /** A refusal, or what else somebody must hear of: the first of its kind (`KRB_AP_ERR_SKEW`) is told in any case. */
  warn(kind: string, make: () => JournalEntry): void {
    if (this.isRead) this.#write(make())
    else if (!this.#warnedOf.has(kind)) this.#warn(kind, make)
  }

  #write(entry: JournalEntry): void {
    const text = textOf(entry)
    if (this.#outlets.debug.enabled) this.#outlets.debug('%s', text)
    try {
      this.#logger?.[entry.level](text)
    } catch (error) {
      // A fault of the logger must not change what happens. It surfaces by itself.
      queueMicrotask(() => {
        throw error
      })
    }
  }

  #warn(kind: string, make: () => JournalEntry): void {
    if (this.#warnedOf.size > MAX_KINDS) return
    this.#warnedOf.add(kind)
    const isLast = this.#warnedOf.size > MAX_KINDS
    const text = textOf(make())
    const shown = text.length > MAX_WARNING ? `${text.slice(0, MAX_WARNING)} …` : text
    this.#outlets.warn(`${shown}\n    ${isLast ? NO_MORE : ONCE}`)
  }
}

const ONCE =
  'Told once for each kind; NODE_DEBUG=s4u shows all that happens, and the logger option writes it to your log.'
const NO_MORE = `${MAX_KINDS} kinds have been told, and no more will be: NODE_DEBUG=s4u shows all that happens, and so does the logger option.`

/** Nothing of a name begins a line or acts on a terminal; lines of a hint are indented, so that none looks like a line of the log. */
function textOf({ text, hint }: JournalEntry): string {
  const lines = hint === undefined ? [] : hint.split('\n').map((line) => `\n    ${printable(line)}`)
  return printable(text) + lines.join('')
}

/** Journals that write to the same outlets: one for each logger, and one for where there is none. */
export function journalsOf(outlets: Outlets): (logger?: Logger) => Journal {
  const unlogged = new Journal(outlets)
  const known = new WeakMap<Logger, Journal>()
  return (logger) => {
    if (logger === undefined) return unlogged
    let journal = known.get(logger)
    if (journal === undefined) known.set(logger, (journal = new Journal(outlets, logger)))
    return journal
  }
}
