/** Questions, and above all those whose answers are not shown. */

import type { ReadStream } from 'node:tty'
import { TextDecoder } from 'node:util'
import { UsageError } from '../usage-error.js'

/** The part of the standard input and error that a question needs. */
export interface PromptStreams {
  readonly input: NodeJS.ReadStream
  readonly output: { write(text: string): unknown }
}

/**
 * Asks for secrets on one standard input. What was typed ahead of a question is the next answer.
 */
export class SecretPrompt {
  private readonly streams: PromptStreams
  private readonly decoder = new TextDecoder()
  /** What was read and belongs to a later question. */
  private ahead = ''

  constructor(streams: PromptStreams) {
    this.streams = streams
  }

  /**
   * Asks on a terminal, without echo; elsewhere takes the next line of the input, as kinit does.
   * @throws UsageError where the input has ended; AbortError on Ctrl-C
   */
  async ask(question: string, signal: AbortSignal): Promise<string> {
    const { input, output } = this.streams
    if (!input.isTTY) return this.nextLine(signal)
    // Before the question is seen: what is typed in answer to it must not be echoed.
    setRaw(input, true)
    try {
      output.write(question)
      return await this.nextLine(signal)
    } finally {
      setRaw(input, false)
      output.write('\n')
    }
  }

  /**
   * Asks with an answer that may be seen. @throws as `ask`
   */
  askOpenly(question: string, signal: AbortSignal): Promise<string> {
    this.streams.output.write(question)
    return this.nextLine(signal)
  }

  private nextLine(signal: AbortSignal): Promise<string> {
    const { input } = this.streams
    const line = new TypedLine(input.isTTY)
    return new Promise((resolve, reject) => {
      const end = (settle: () => void): void => {
        input.off('data', onData).off('end', onEnd).off('error', onError)
        signal.removeEventListener('abort', onAbort)
        input.pause()
        settle()
      }
      const take = (text: string): void => {
        const rest = line.add(text)
        if (rest === undefined) return
        this.ahead = rest
        end(() => (line.isCancelled ? reject(cancelled()) : resolve(line.text)))
      }
      const onData = (chunk: Buffer): void => take(this.decoder.decode(chunk, { stream: true }))
      const onEnd = (): void => end(() => (line.text === '' ? reject(noAnswer()) : resolve(line.text)))
      const onError = (error: Error): void => end(() => reject(error))
      const onAbort = (): void => end(() => reject(cancelled()))
      input.on('data', onData).on('end', onEnd).on('error', onError)
      signal.addEventListener('abort', onAbort)
      const { ahead } = this
      this.ahead = ''
      if (signal.aborted) return onAbort()
      if (input.readableEnded && ahead === '') return onEnd()
      take(ahead)
      if (input.listenerCount('data') > 0) input.resume()
    })
  }
}

function setRaw(input: NodeJS.ReadStream, isRaw: boolean): void {
  const terminal: Partial<ReadStream> = input
  terminal.setRawMode?.(isRaw)
}

function cancelled(): DOMException {
  return new DOMException('cancelled', 'AbortError')
}

function noAnswer(): UsageError {
  return new UsageError(
    'a password was expected on the standard input, which has ended',
    'Type it at a terminal, or send it in a line of its own: printf "%s\\n" "$PASSWORD" | s4u …',
  )
}

/** A line as it is typed, key by key where the terminal does not edit it itself. */
class TypedLine {
  text = ''
  isCancelled = false
  private readonly isTyped: boolean

  constructor(isTyped: boolean) {
    this.isTyped = isTyped
  }

  /** What is behind the end of the line; undefined while it has not ended. */
  add(chunk: string): string | undefined {
    const keys = this.isTyped ? chunk.replace(ARROWS, '') : chunk
    for (const [index, key] of [...keys].entries()) {
      if (key === '\n' || key === '\r') return restOf(keys, index)
      if (!this.isTyped) this.text += key
      else if (key === CTRL_C || (key === CTRL_D && this.text === '')) {
        this.isCancelled = true
        return restOf(keys, index)
      } else this.edit(key)
    }
    return undefined
  }

  private edit(key: string): void {
    if (key === BACKSPACE || key === CTRL_H) this.text = [...this.text].slice(0, -1).join('')
    else if (key === CTRL_U) this.text = ''
    else if (key >= ' ') this.text += key
  }
}

function restOf(keys: string, index: number): string {
  const all = [...keys]
  // A line of Windows ends in two characters.
  const next = all[index] === '\r' && all[index + 1] === '\n' ? index + 2 : index + 1
  return all.slice(next).join('')
}

const CTRL_C = '\u{3}'
const CTRL_D = '\u{4}'
const CTRL_H = '\u{8}'
const CTRL_U = '\u{15}'
const BACKSPACE = '\u{7f}'
/** Keys that move a cursor, of which there is none to be seen. */
// oxlint-disable-next-line no-control-regex
const ARROWS = /\u{1b}\[[\d;]*[A-Za-z~]/gu
