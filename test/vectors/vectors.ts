import { readFileSync } from 'node:fs'
import { test } from 'vitest'

export interface Vector {
  readonly [field: string]: string | number | boolean | null | undefined
}

interface VectorFile {
  readonly vectors: Readonly<Record<string, { readonly source: string; readonly items: readonly Vector[] }>>
  readonly constants?: Readonly<Record<string, { readonly source: string; readonly values: unknown }>>
}

/** A file of vectors and constants in groups, which remembers the groups that were read. */
export class Vectors {
  readonly #groups: VectorFile['vectors']
  readonly #constants: NonNullable<VectorFile['constants']>
  readonly #read = new Set<string>()

  constructor(name: string) {
    const file: VectorFile = JSON.parse(readFileSync(new URL(name, import.meta.url), 'utf8'))
    this.#groups = file.vectors
    this.#constants = file.constants ?? {}
  }

  /** One test for each vector of a group. */
  each(group: string, check: (vector: Vector) => void | Promise<void>): void {
    this.#read.add(group)
    const numbered = this.#groups[group].items.map((vector, i) => ({ number: i + 1, vector }))
    test.each(numbered)(`${group} $number`, ({ vector }) => check(vector))
  }

  /** Names and what they stand for. */
  constants(group: string): readonly (readonly [string, unknown])[] {
    this.#read.add(`constants.${group}`)
    return Object.entries(Object(this.#constants[group].values))
  }

  get unread(): readonly string[] {
    const groups = [...Object.keys(this.#groups), ...Object.keys(this.#constants).map((name) => `constants.${name}`)]
    return groups.filter((group) => !this.#read.has(group))
  }
}

/** The octets of a hex field. */
export function octets(vector: Vector, field: string): Uint8Array {
  const hex = vector[field]
  if (typeof hex !== 'string') throw new TypeError(`the vector has no octets named ${field}`)
  return Uint8Array.from(Buffer.from(hex, 'hex'))
}

export function number(vector: Vector, field: string): number {
  const value = vector[field]
  if (typeof value !== 'number') throw new TypeError(`the vector has no number named ${field}`)
  return value
}

/** The text of octets that are UTF-8. */
export function text(vector: Vector, field: string): string {
  return new TextDecoder('utf-8', { fatal: true }).decode(octets(vector, field))
}
