import type { JsonValue } from './report.js'
import type { Block } from './blocks.js'

/** What a command may touch of the process that runs it. */
export interface Session {
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** Ends when the user has pressed Ctrl-C. */
  readonly signal: AbortSignal
  /** All of the standard input. */
  readInput(): Promise<Uint8Array>
  /**
   * Asks for a secret without showing it. Where no terminal is there, takes the next line of the
   * standard input.
   */
  askSecret(question: string): Promise<string>
  /** Asks for an answer that may be seen. Where no terminal is there, as `askSecret`. */
  ask(question: string): Promise<string>
  /** Whether there is somebody to ask. */
  readonly isInteractive: boolean
  /** Prints before the command has ended, for one that goes on until Ctrl-C. */
  print(value: JsonValue, blocks: readonly Block[]): void
  /** One line to the standard error, for people. */
  tell(line: string): void
}
