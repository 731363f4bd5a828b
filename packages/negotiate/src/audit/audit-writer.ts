/** Writes the audit as JSON lines: one line for each event of each channel. */

import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { createWriteStream } from 'node:fs'
import type { Writable } from 'node:stream'
import { ACCEPT_CHANNEL } from '@s4u/acceptor'
import { FETCH_CHANNEL } from '@s4u/fetch'
import { closeOptions, KDC_CHANNEL, type OptionTableOf, requireGiven } from '@s4u/kdc-client'
import { IMPERSONATE_CHANNEL } from './impersonation-events.js'

/** Options of `writeAuditTo`. */
export interface AuditWriterOptions {
  /**
   * How many lines wait while the stream does not keep up; further ones are counted and left out.
   * Default 10,000.
   */
  readonly maxWaiting?: number
  /**
   * Called when the stream has failed; nothing more is written then. Default: a warning of the
   * process.
   */
  readonly onError?: (error: Error) => void
  /** Milliseconds since the epoch. */
  readonly now?: () => number
}

const AUDIT_OPTIONS = {
  maxWaiting: 'value',
  onError: 'function',
  now: 'function',
} as const satisfies OptionTableOf<AuditWriterOptions>

/**
 * Ends the writing. Asynchronous disposal waits until a file that the writer opened is closed; a
 * stream of the caller stays open.
 */
export type AuditWriter = Disposable & AsyncDisposable

/** A line has some 600 octets: six megabytes. */
const MAX_WAITING = 10_000

const CHANNELS = [ACCEPT_CHANNEL, KDC_CHANNEL, IMPERSONATE_CHANNEL, FETCH_CHANNEL]

/**
 * Starts to write the events of all negotiators, KDC clients and fetches of this process.
 *
 * ```ts
 * import { writeAuditTo } from '@s4u/negotiate'
 *
 * using audit = writeAuditTo('/var/log/web/audit.jsonl')
 * ```
 *
 * @param target a stream, or the path of a file that is appended to; only its owner may read it
 */
export function writeAuditTo(target: Writable | string, given?: AuditWriterOptions): AuditWriter {
  const options = closeOptions('writeAuditTo', given, AUDIT_OPTIONS)
  const owned = typeof target === 'string'
  if (!owned)
    requireGiven(
      'writeAuditTo: the target',
      target,
      ['write', 'on'],
      "Write '/var/log/web/audit.jsonl', or give a stream.",
    )
  const stream = owned ? createWriteStream(target, { flags: 'a', mode: 0o600 }) : target
  const lines = new Lines(stream, options)
  const listeners = CHANNELS.map((name) => [name, (event: unknown) => lines.add(name, event)] as const)
  for (const [name, listener] of listeners) subscribe(name, listener)
  const end = (): void => {
    for (const [name, listener] of listeners) unsubscribe(name, listener)
    lines.end(owned)
  }
  return {
    [Symbol.dispose]: end,
    [Symbol.asyncDispose]: async () => {
      end()
      if (owned && !stream.closed) await new Promise<void>((resolve) => void stream.once('close', resolve))
    },
  }
}

/** Lines on their way to a stream. Nothing in this class throws, since it runs inside requests. */
class Lines {
  readonly #stream: Writable
  readonly #maxWaiting: number
  readonly #now: () => number
  readonly #onError: (error: Error) => void
  #waiting: string[] = []
  #full = false
  #failed = false
  #dropped = 0

  constructor(stream: Writable, { maxWaiting = MAX_WAITING, onError = warn, now = Date.now }: AuditWriterOptions) {
    this.#stream = stream
    this.#maxWaiting = maxWaiting
    this.#now = now
    this.#onError = onError
    stream.on('drain', this.#drained)
    stream.on('error', this.#fail)
  }

  add(channel: string, event: unknown): void {
    if (this.#failed) return
    if (this.#full && this.#waiting.length >= this.#maxWaiting) {
      this.#dropped++
      return
    }
    const line = this.#lineOf(channel, event)
    if (this.#full) this.#waiting.push(line)
    else this.#write(line)
  }

  /** Lines that wait are written in any case: the stream keeps them in its own memory. */
  end(close: boolean): void {
    this.#full = false
    this.#flush(true)
    this.#stream.off('drain', this.#drained)
    // The listener for errors stays: an error without one would end the process.
    if (close) this.#stream.end()
  }

  readonly #drained = (): void => {
    this.#full = false
    this.#flush(false)
  }

  #flush(all: boolean): void {
    const { length } = this.#waiting
    let written = 0
    while (written < length && (all || !this.#full)) this.#write(this.#waiting[written++])
    this.#waiting = this.#waiting.slice(written)
    if (this.#dropped === 0 || this.#waiting.length > 0) return
    const dropped = this.#dropped
    this.#dropped = 0
    this.#write(this.#lineOf('s4u:audit', { kind: 'left-out', dropped }))
  }

  #write(line: string): void {
    if (!this.#failed && this.#stream.writable) this.#full = !this.#stream.write(line)
  }

  #lineOf(channel: string, event: unknown): string {
    const time = new Date(this.#now()).toISOString()
    try {
      return `${asOneLine(JSON.stringify({ time, channel, ...serviceIn(Object(event)), ...Object(event) }))}\n`
    } catch {
      return `${JSON.stringify({ time, channel, kind: 'unwritable' })}\n`
    }
  }

  readonly #fail = (error: Error): void => {
    if (this.#failed) return
    this.#failed = true
    this.#waiting = []
    this.#onError(error)
  }
}

/**
 * Returns one name for one service, whichever channel tells of it: the name without its realm, and
 * the realm. Events of KDCs have both already.
 */
function serviceIn(event: object): { readonly serviceName?: string; readonly serviceRealm?: string } {
  const service: unknown =
    'service' in event ? event.service : 'ticketService' in event ? event.ticketService : undefined
  if (typeof service !== 'string') return {}
  const at = service.lastIndexOf('@')
  return at < 0 ? { serviceName: service } : { serviceName: service.slice(0, at), serviceRealm: service.slice(at + 1) }
}

/**
 * Escapes what acts on a terminal and what JSON leaves as it is: marks that turn the direction of
 * writing, separators of lines, invisible characters. A parser of JSON reads the same text.
 */
function asOneLine(json: string): string {
  if (/^[\x20-\x7e]*$/.test(json)) return json
  return json.replace(UNSEEN, (character) =>
    Array.from(
      { length: character.length },
      (_, at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`,
    ).join(''),
  )
}

const UNSEEN = /[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu

function warn({ message }: Error): void {
  process.emitWarning(`the audit is not written any more: ${message}`, { type: 'S4uWarning', code: 'S4U_AUDIT' })
}
