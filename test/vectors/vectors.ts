import { readFileSync } from 'node:fs'

export interface Vector {
  readonly [field: string]: string | number | boolean | null | undefined
}

interface Group {
  readonly source: string
  readonly items: readonly Vector[]
}

const file: { readonly vectors: Readonly<Record<string, Group>> } = JSON.parse(
  readFileSync(new URL('rfc-vectors.json', import.meta.url), 'utf8'),
)

export const groupNames: readonly string[] = Object.keys(file.vectors)

/** The vectors of one group, each with its number; an unknown name is a mistake of the test. */
export function vectorsOf(group: string): readonly (readonly [number, Vector])[] {
  return file.vectors[group].items.map((vector, i) => [i + 1, vector])
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
