/** Tables of options: which names there are, and which of them a wrong name was meant to be. */

/**
 * The kind of value that an option has.
 *
 * - `flag`: true or false. The text `'false'` of an environment variable is refused: JavaScript
 *   takes it for true.
 * - `texts`: a list of texts.
 * - `function`: a function.
 * - `map`: an object whose names are data, such as realms.
 * - a table: a group of options.
 * - `value`: whatever else; the code that reads it checks it.
 */
export type OptionKind =
  | 'value'
  | 'flag'
  | 'texts'
  | 'function'
  | 'map'
  | OptionTable
  | { readonly orElse: 'value'; readonly group: OptionTable }

/** The names of all options, each with the kind of its value. */
export interface OptionTable {
  readonly [name: string]: OptionKind
}

/**
 * A table that the compiler compares with the interface of the options: a new option without a row
 * does not compile.
 */
export type OptionTableOf<T extends object> = { readonly [Name in keyof T]-?: OptionKind }

export function isGroupOrValue(kind: OptionKind): kind is { readonly orElse: 'value'; readonly group: OptionTable } {
  return typeof kind === 'object' && kind.orElse === 'value'
}

/** A longer name is not a misspelt option but data, or a secret in the wrong place. */
export const MAX_SHOWN_NAME = 40

/** Names that other libraries use for the same option. */
const ALSO_CALLED: ReadonlyMap<string, readonly string[]> = new Map([
  ['secret', ['keys']],
  ['secrets', ['keys']],
  ['key', ['keys', 'secret']],
  ['ttl', ['maxAge']],
  ['expires', ['maxAge']],
  ['spn', ['service']],
  ['servicename', ['service']],
  ['hosts', ['origins']],
  ['allowlist', ['allow']],
  ['targets', ['allow']],
  ['timeout', ['timeLimit', 'kdcTimeLimit']],
  ['account', ['principal']],
  ['username', ['principal']],
])

/**
 * Returns the option that a wrong name was probably meant to be, with its path from `root`;
 * undefined if no name is similar. `path` is that of the group that `table` is: `delegation.`, or
 * empty.
 *
 * @example
 * ```ts
 * import { nearestOption, type OptionTable } from '@s4u/krb5'
 *
 * const table: OptionTable = { keytab: 'value', session: { maxAge: 'value' } }
 * console.log(nearestOption('maxage', { path: '', root: table }, table)) // session.maxAge
 * ```
 */
export function nearestOption(
  name: string,
  { path, root }: { readonly path: string; readonly root: OptionTable },
  table: OptionTable,
): string | undefined {
  const here = Object.keys(table).map((one) => ({ name: one, path: path + one }))
  const everywhere = pathsOf(root, '')
  const same = (one: { name: string }): boolean => folded(one.name) === folded(name)
  const synonyms = ALSO_CALLED.get(folded(name)) ?? []
  const alike = (one: { name: string }): boolean => synonyms.includes(one.name)
  const found =
    here.find(same) ??
    here.find(alike) ??
    everywhere.find(same) ??
    closest(name, here) ??
    closest(name, here, MISTAKES_HERE) ??
    everywhere.find(alike) ??
    closest(name, everywhere)
  return found?.path
}

function pathsOf(table: OptionTable, path: string): { readonly name: string; readonly path: string }[] {
  return Object.entries(table).flatMap(([name, kind]) => {
    const inner = typeof kind !== 'object' ? undefined : isGroupOrValue(kind) ? kind.group : kind
    return [{ name, path: path + name }, ...(inner === undefined ? [] : pathsOf(inner, `${path}${name}.`))]
  })
}

function folded(name: string): string {
  return name.toLowerCase().replace(/[-_]/g, '')
}

/** How many letters of a name may be wrong: one of so many. */
const MISTAKES = 3
/** Where the name stands, few others are meant: `plane` for `plain`. */
const MISTAKES_HERE = 2.5

function closest<T extends { readonly name: string }>(
  name: string,
  candidates: readonly T[],
  oneOf = MISTAKES,
): T | undefined {
  if (name.length > MAX_SHOWN_NAME) return undefined
  const ranked = candidates
    .map((one) => ({ one, distance: distanceBetween(folded(name), folded(one.name)) }))
    .sort((a, b) => a.distance - b.distance)
  const [best] = ranked
  return best !== undefined && best.distance <= Math.max(1, Math.floor(name.length / oneOf)) ? best.one : undefined
}

/** From this length on, the beginning of a name counts as similar, however much is missing. */
const MIN_PREFIX = 4

/** Counts the letters to add, leave out or change (Levenshtein distance). */
function distanceBetween(from: string, to: string): number {
  return from.length >= MIN_PREFIX && to.startsWith(from) ? 1 : editDistance(from, to)
}

function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, at) => at)
  for (let i = 1; i <= from.length; i++) {
    const next = [i]
    for (let j = 1; j <= to.length; j++) {
      const change = row[j - 1] + (from[i - 1] === to[j - 1] ? 0 : 1)
      next.push(Math.min(change, row[j] + 1, next[j - 1] + 1))
    }
    row = next
  }
  return row[to.length]
}
