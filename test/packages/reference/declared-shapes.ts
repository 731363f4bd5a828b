import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../sources.js'

/** A member of an interface as it is declared, with the comment above it. */
export interface Field {
  readonly name: string
  readonly optional: boolean
  readonly type: string
  readonly about: string
}

/** One form of a union, with the comment above it. */
export interface Form {
  readonly declared: string
  readonly about: string
}

/** An interface of the sources: what it says of itself, and its fields. */
export interface Shape {
  readonly about: string
  readonly fields: readonly Field[]
}

/**
 * Reads an interface from a file of the repository.
 *
 * @throws Error when the file has no such interface
 */
export const shapeOf = (path: string, name: string): Shape => shapeIn(textOf(path), name)

/** Reads the members of a union that are written as objects or as types with a comment. */
export const formsOf = (path: string, name: string): Form[] => formsIn(textOf(path), name)

const textOf = (path: string): string => readFileSync(join(root, path), 'utf8')

export function shapeIn(text: string, name: string): Shape {
  const found = new RegExp(
    `(?:^/\\*\\*((?:(?!\\*/)[^])*)\\*/\\n)?^(?:export )?interface ${name}(?: extends [^{]+)? \\{\\n([^]*?)^\\}`,
    'm',
  ).exec(text)
  if (found === null) throw new Error(`no interface ${name}`)
  const member =
    /(?:^ {2}\/\*\*((?:(?!\*\/)[^])*)\*\/\n)?^ {2}(?:readonly )?(\w+)(\?)?:((?:(?!\n {2}(?:\/\*\*|readonly |\w+\??:))[^])*)/gm
  const fields = [...found[2].matchAll(member)].map(([, comment = '', field, mark, type]) => ({
    name: field,
    optional: mark === '?',
    type: type.replaceAll(/\s+/g, ' ').replace(' | undefined', '').trim(),
    about: proseOf(comment),
  }))
  return { about: proseOf(found[1] ?? ''), fields }
}

export function formsIn(text: string, name: string): Form[] {
  const [, union] = new RegExp(`^export type ${name} =\\n((?: {2}.*\\n)+)`, 'm').exec(text) ?? []
  if (union === undefined) throw new Error(`no union ${name}`)
  return [...union.matchAll(/(?:^ {2}\/\*\*((?:(?!\*\/)[^])*)\*\/\n)?^ {2}\| (.*)$/gm)].map(
    ([, comment = '', declared]) => ({ declared, about: proseOf(comment) }),
  )
}

/** A comment without its stars, as one line. */
export const proseOf = (comment: string): string =>
  comment
    .replaceAll(/^ *\* ?/gm, '')
    .replaceAll(/\s+/g, ' ')
    .trim()
