import type { Block } from './blocks.js'

/**
 * What `--json` can print: a value of JSON (RFC 8259). Members that are `undefined` are left out.
 */
export type JsonValue = string | number | boolean | null | undefined | readonly JsonValue[] | JsonObject

export interface JsonObject {
  readonly [name: string]: JsonValue
}

/** What a command has to say: one value for programs, and the same as blocks for people. */
export interface Report {
  readonly value: JsonValue
  readonly blocks: readonly Block[]
  /**
   * Octets that are printed as they are, in place of the blocks: a file, or the body of an answer.
   */
  readonly octets?: Uint8Array
  /** Default: `ok`. `refused` makes the exit code 1 though the command has run to its end. */
  readonly outcome?: 'ok' | 'refused'
}
