/**
 * Options as a closed set of names. A name that is not an option is an error, and not a setting
 * that silently has no effect: a misspelt `requirePAC: true` would let in those whom the option
 * should keep out.
 *
 * An option that the app did not set must not come from `Object.prototype` either, where a library
 * or an attacker (prototype pollution) may have put it.
 */

import { ConfigurationError } from '../errors/errors.js'
import {
  isGroupOrValue,
  MAX_SHOWN_NAME,
  nearestOption,
  type OptionKind,
  type OptionTable,
  type OptionTableOf,
} from './option-table.js'
import { shownInput } from '../errors/shown-input.js'

/** An empty set of options, which inherits nothing from `Object.prototype`. */
export const NO_OPTIONS: object = Object.freeze(Object.create(null))

/**
 * Returns a copy of the options, frozen and without a prototype; lists and groups are copied too.
 * Later changes by the caller have no effect. Options that are an instance of a class, or made by
 * `Object.create(defaults)`, work too.
 *
 * @param owner the function whose options they are, for the message
 * @throws ConfigurationError S4U_UNKNOWN_OPTION for a name that is not an option, with the nearest
 * right name; KRB5_CONFIG_BADFORMAT for a value of another kind
 *
 * @example
 * ```ts
 * import { closeOptions, type OptionTableOf } from '@s4u/krb5'
 *
 * interface Options {
 *   readonly file?: string
 *   readonly limits?: { readonly size?: number }
 * }
 * const TABLE = { file: 'value', limits: { size: 'value' } } satisfies OptionTableOf<Options>
 *
 * export function open(options: Options): string | undefined {
 *   const { file } = closeOptions('open', options, TABLE)
 *   return file
 * }
 * ```
 */
export function closeOptions<T extends object>(owner: string, options: T | undefined, table: OptionTableOf<T>): T
export function closeOptions(owner: string, options: unknown, table: OptionTable): object {
  return closed({ owner, path: '', root: table }, options ?? NO_OPTIONS, table)
}

/**
 * Returns only those options that another table names too, for example to hand them on to a
 * function below.
 *
 * @example
 * ```ts
 * import { type OptionTableOf, pickOptions } from '@s4u/krb5'
 *
 * interface Below {
 *   readonly size?: number
 * }
 * const BELOW = { size: 'value' } satisfies OptionTableOf<Below>
 *
 * const options: Below & { readonly name: string } = { name: 'a', size: 3 }
 * pickOptions<Below>(options, BELOW) // { size: 3 }
 * ```
 */
export function pickOptions<T extends object>(options: T, table: OptionTableOf<T>): T
export function pickOptions(options: object, table: OptionTable): object {
  const names = Object.keys(table).filter((name) => Object.hasOwn(options, name))
  return Object.fromEntries(names.map((name) => [name, Reflect.get(options, name)]))
}

/**
 * Checks the options of a function that is called often: refuses names and kinds as `closeOptions`
 * does, and takes nothing from `Object.prototype`. It makes no copy, unless `Object.prototype` has
 * one of the names.
 *
 * @throws ConfigurationError as `closeOptions` does
 *
 * @example
 * ```ts
 * import { type OptionTableOf, requireKnownOptions } from '@s4u/krb5'
 *
 * interface CallOptions {
 *   readonly signal?: AbortSignal
 * }
 * const CALL_OPTIONS = { signal: 'value' } satisfies OptionTableOf<CallOptions>
 *
 * export function read(given?: CallOptions): void {
 *   const { signal } = requireKnownOptions('read', given, CALL_OPTIONS)
 *   signal?.throwIfAborted()
 * }
 * ```
 */
export function requireKnownOptions<T extends object>(owner: string, options: T | undefined, table: OptionTableOf<T>): T
export function requireKnownOptions(owner: string, given: unknown, table: OptionTable): object {
  if (given === undefined || given === null) return NO_OPTIONS
  if (areOwnValues(given, table)) return given
  const place = { owner, path: '', root: table }
  const { options, holders } = requireKnown(place, given, table)
  for (const name in table) {
    if (!(name in options)) continue
    if (!holders.some((one) => Object.hasOwn(one, name))) return closed(place, options, table)
    const kind = table[name]
    const value: unknown = kind === 'value' ? undefined : Reflect.get(options, name)
    if (value !== undefined && typeof kind === 'string') requireKind({ ...place, path: `${name}.` }, value, kind)
  }
  return options
}

/**
 * Whether options are what they are mostly: an object literal whose own members are all options of
 * any kind of value, while `Object.prototype` has none of the names.
 */
function areOwnValues(given: unknown, table: OptionTable): given is object {
  if (typeof given !== 'object' || given === null || Object.getPrototypeOf(given) !== Object.prototype) return false
  for (const name of Object.keys(given)) if (!Object.hasOwn(table, name) || table[name] !== 'value') return false
  for (const name in table) if (name in Object.prototype) return false
  return true
}

interface Place {
  readonly owner: string
  /** The group in which the options stand: `delegation.`, or empty. */
  readonly path: string
  readonly root: OptionTable
}

function closed(place: Place, options: unknown, table: OptionTable): object {
  const { holders } = requireKnown(place, options, table)
  const copy: Record<string, unknown> = {}
  for (const [name, kind] of Object.entries(table)) {
    const holder = holders.find((one) => Object.hasOwn(one, name))
    // `this` is the whole options object, so that a getter of a class can read its own fields.
    const value: unknown = holder && Reflect.get(holder, name, options)
    if (value !== undefined) copy[name] = closedValue({ ...place, path: `${place.path}${name}.` }, value, kind)
  }
  // Setting the prototype last keeps the properties fast in V8; an object that is created without a
  // prototype is slow to read.
  return Object.freeze(Object.setPrototypeOf(copy, null))
}

function closedValue(place: Place, value: unknown, kind: OptionKind): unknown {
  if (typeof kind === 'string') requireKind(place, value, kind)
  // A list in place of a group must not pass as one without options:
  // `delegation: ['HTTP/api.ad.test']`.
  if (Array.isArray(value) && !isGroup(kind)) return Object.freeze([...value])
  if (kind !== 'map' && typeof kind === 'string') return value
  const isObject = typeof value === 'object' && value !== null
  if (kind === 'map') return isObject && isPlain(value) ? mapOf(value) : value
  if (!isGroupOrValue(kind)) return closed(place, value, kind)
  return isObject ? closed(place, value, kind.group) : value
}

const KINDS: Readonly<Record<string, { readonly words: string; readonly isOne: (value: unknown) => boolean }>> = {
  flag: { words: 'true or false', isOne: (value) => typeof value === 'boolean' },
  texts: {
    words: 'a list of texts',
    isOne: (value) => Array.isArray(value) && value.every((one) => typeof one === 'string'),
  },
  function: { words: 'a function', isOne: (value) => typeof value === 'function' },
}

function requireKind({ owner, path }: Place, value: unknown, kind: string): void {
  if (!Object.hasOwn(KINDS, kind) || KINDS[kind].isOne(value)) return
  throw new ConfigurationError(
    `${owner}: ${path.slice(0, -1)} must be ${KINDS[kind].words}, not ${shownInput(value)}`,
    kind === 'flag'
      ? { hint: "A text is none: write process.env.NAME === 'true' where it comes from the environment." }
      : {},
  )
}

function isGroup(kind: OptionKind): kind is OptionTable {
  return typeof kind === 'object' && !isGroupOrValue(kind)
}

/**
 * Copies a map without a prototype. Names that peers send are looked up in it, and `constructor`
 * must not find anything.
 */
function mapOf(value: object): object {
  const entries = Object.entries(value).map(([name, each]: [string, unknown]) => [name, closedValueOfMap(each)])
  return Object.freeze(Object.setPrototypeOf(Object.fromEntries(entries), null))
}

function closedValueOfMap(value: unknown): unknown {
  return Array.isArray(value) ? Object.freeze([...value]) : value
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || isObjectPrototype(prototype)
}

/**
 * The options, and the objects that hold them (the object itself and its prototypes), nearest
 * first.
 */
interface Known {
  readonly options: object
  readonly holders: readonly object[]
}

function requireKnown(place: Place, options: unknown, table: OptionTable): Known {
  if (typeof options !== 'object' || options === null || Array.isArray(options) || ArrayBuffer.isView(options))
    throw noObject(place, options)
  const holders: object[] = []
  for (let one: unknown = options; isHolder(one); one = Object.getPrototypeOf(one)) holders.push(one)
  for (const holder of holders) {
    for (const name of Object.keys(holder)) if (!Object.hasOwn(table, name)) throw noOption(place, name, table)
  }
  return { options, holders }
}

/**
 * `Object.prototype` of another JavaScript realm is recognised too: vitest and vm contexts have one
 * of their own.
 */
function isHolder(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !isObjectPrototype(value)
}

function isObjectPrototype(value: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    Object.getPrototypeOf(value) === null &&
    Object.hasOwn(value, 'isPrototypeOf')
  )
}

function noObject({ owner, path }: Place, found: unknown): ConfigurationError {
  const kind = found === null ? 'null' : ArrayBuffer.isView(found) ? 'octets' : Array.isArray(found) ? 'a list' : found
  const what = typeof kind === 'string' && kind !== found ? kind : `a ${typeof found}`
  const subject = path === '' ? 'the options' : path.slice(0, -1)
  // The value is not shown: it may be a password.
  return new ConfigurationError(`${owner}: ${subject} must be an object, not ${what}`, {
    hint: "Write the options with their names: { keytab: 'web.keytab' }.",
  })
}

function noOption(place: Place, name: string, table: OptionTable): ConfigurationError {
  const { owner, path } = place
  // A text or a list was spread into the options.
  if (/^\d+$/.test(name)) return noObject(place, [])
  const isName = name.length <= MAX_SHOWN_NAME && /^[A-Za-z_$][\w$-]*$/.test(name)
  const shown = isName ? JSON.stringify(path + name) : `a name of ${name.length} characters`
  const nearest = nearestOption(name, place, table)
  const all = `The options are ${Object.keys(table).join(', ')}.`
  return new ConfigurationError(
    `${owner}: ${shown} is not an option${nearest === undefined ? '' : `; did you mean ${JSON.stringify(nearest)}?`}`,
    { code: 'S4U_UNKNOWN_OPTION', hint: nearest === undefined ? all : `Write ${nearest}, or leave it out. ${all}` },
  )
}
