/**
 * Tells people what happens. An entry goes to the `logger` of the options, and to stderr if
 * NODE_DEBUG=s4u is set. Without either of them, the first refusal of each kind becomes a warning
 * of the process, so that no service refuses everybody in front of an empty console.
 *
 * This file knows no platform: `process-journal.ts` passes in what the platform has.
 */

import { printable } from '../errors/printable.js'
import type { Outlets } from '../platform/outlets.js'
import type { Logger, LogLevel } from './logger.js'

/** Something that happened. */
export interface JournalEntry {
  readonly level: LogLevel
  /**
   * One line: `refused alice@AD.TEST: KRB_AP_ERR_SKEW: …`. It contains no secrets, but perhaps
   * names that a peer chose.
   */
  readonly text: string
  /** What to do about it. Line breaks are kept. */
  readonly hint?: string | undefined
  /**
   * The address of a page about it. A warning of the process has it, and lines of a log have not.
   */
  readonly help?: string | undefined
}

/**
 * The most kinds of refusals that cause a warning. There are some hundreds of codes, and peers
 * choose which of them occur; they must not fill the console of a process.
 */
const MAX_KINDS = 32

/** The most characters of one warning. It contains names of peers. */
const MAX_WARNING = 6_000

/** The kinds that have caused a warning in this process already. All journals share this set. */
const warnedOf = new Set<string>()

/**
 * Writes entries to a logger, to NODE_DEBUG, or as warnings of the process.
 *
 * @example
 * ```ts
 * import { Journal } from '@s4u/krb5'
 *
 * const lines: string[] = []
 * const log = (line: string) => void lines.push(line)
 * const logger = { error: log, warn: log, info: log, debug: log }
 * const outlets = { debug: Object.assign(() => {}, { enabled: false }), warn: log }
 * new Journal(outlets, logger).note(() => ({ level: 'info', text: 'accepted alice@AD.TEST' }))
 * console.log(lines.length) // 1
 * ```
 */
export class Journal {
  readonly #outlets: Outlets
  readonly #logger: Logger | undefined
  readonly #warnedOf: Set<string>

  /**
   * @param known kinds of which the process was warned already, for tests. Default: those of the
   * process
   */
  constructor(outlets: Outlets, logger?: Logger, known: Set<string> = warnedOf) {
    this.#outlets = outlets
    this.#logger = logger
    this.#warnedOf = known
  }

  /** True if somebody reads the entries. Otherwise the caller need not make them. */
  get isRead(): boolean {
    return this.#logger !== undefined || this.#outlets.debug.enabled
  }

  /** Records a routine event. Only a logger and NODE_DEBUG show it. */
  note(make: () => JournalEntry): void {
    if (this.isRead) this.#write(make())
  }

  /**
   * Tells of a refusal, or of something else that people must know. The first of its kind
   * (`KRB_AP_ERR_SKEW`) is shown in any case.
   */
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
      // An error of the logger must not change what happens. It becomes an uncaught exception of
      // its own.
      queueMicrotask(() => {
        throw error
      })
    }
  }

  #warn(kind: string, make: () => JournalEntry): void {
    if (this.#warnedOf.size > MAX_KINDS) return
    this.#warnedOf.add(kind)
    const isLast = this.#warnedOf.size > MAX_KINDS
    const entry = make()
    const text = textOf(entry)
    const help = entry.help === undefined ? '' : `\n    ${printable(entry.help)}`
    const shown = text.length > MAX_WARNING ? `${text.slice(0, MAX_WARNING)} …` : text
    this.#outlets.warn(`${shown}${help}\n    ${isLast ? NO_MORE : ONCE}`)
  }
}

const ONCE =
  'Told once for each kind; NODE_DEBUG=s4u shows all that happens, and the logger option writes it to your log.'
const NO_MORE = `${MAX_KINDS} kinds have been told, and no more will be: NODE_DEBUG=s4u shows all that happens, and so does the logger option.`

/**
 * Returns the entry as text. A name cannot begin a new line or control a terminal. The lines of a
 * hint are indented, so that none looks like a line of the log.
 */
function textOf({ text, hint }: JournalEntry): string {
  const lines = hint === undefined ? [] : hint.split('\n').map((line) => `\n    ${printable(line)}`)
  return printable(text) + lines.join('')
}

/**
 * Returns a function that finds the journal of a logger, or the one for no logger. All journals
 * write to the same outlets.
 *
 * @example
 * ```ts
 * import { debuglog } from 'node:util'
 * import { journalsOf } from '@s4u/krb5'
 *
 * const warn = (text: string) => process.emitWarning(text)
 * const journalFor = journalsOf({ debug: debuglog('s4u'), warn })
 * journalFor(console).note(() => ({ level: 'info', text: 'the keytab was read again' }))
 * ```
 */
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
