import { shownInput } from '@s4u/krb5'
import type { GroupKind, Kind, ListKind, MapKind, VariantKind } from './options/option-kinds.js'
import type { Checked } from './options/option-values.js'
import { nameProblem, nearestWord } from './option-names.js'
import { ConfigReader, type ConfigSource } from './config-reader.js'
import { readDuration, readFile, readNumber, readSecret, readSize, readText, readUrl } from './scalar-values.js'
import type { Problem } from './problem.js'

export interface CheckedConfig<T> {
  /** The complete and frozen configuration; undefined where there are problems. */
  readonly settings: T | undefined
  readonly problems: readonly Problem[]
}

/**
 * Checks a whole value against a table of options: returns all its mistakes, or what it says, with
 * every default filled in.
 */
export function checkConfig<K extends Kind>(kind: K, given: unknown, source: ConfigSource): CheckedConfig<Checked<K>>
export function checkConfig(kind: Kind, given: unknown, source: ConfigSource): CheckedConfig<unknown> {
  const reader = new ConfigReader(source, [])
  const settings = checked(kind, given, reader)
  const { problems } = reader
  return { settings: problems.length === 0 ? settings : undefined, problems }
}

function checked(kind: Kind, given: unknown, at: ConfigReader): unknown {
  // `users:` with nothing behind it, all names commented out, must not mean every user.
  if (given === null && kind.kind === 'list' && !kind.required && kind.least !== undefined)
    return at.refuse('must have at least one entry')
  if (given === undefined || (given === null && at.isFile)) return missing(kind, at)
  switch (kind.kind) {
    case 'flag':
      return typeof given === 'boolean' ? given : at.refuse(`must be true or false, not ${shownInput(given)}`)
    case 'choice':
      return checkedChoice(kind.choices, given, at)
    case 'code':
      return at.isFile ? at.refuse('can be given in a program only, to createGateway') : given
    case 'list':
      return checkedList(kind, given, at)
    case 'map':
      return checkedMap(kind, given, at)
    case 'group':
      return checkedGroup(kind, given, at)
    case 'variant':
      return checkedVariant(kind, given, at)
    default:
      return checkedScalar(kind, given, at)
  }
}

type ScalarKind = Exclude<Kind, { readonly kind: 'flag' | 'choice' | 'code' | 'list' | 'map' | 'group' | 'variant' }>

function checkedScalar(kind: ScalarKind, given: unknown, at: ConfigReader): unknown {
  switch (kind.kind) {
    case 'text':
      return readText(kind, given, at)
    case 'number':
      return readNumber(kind, given, at)
    case 'duration':
      return readDuration(given, at)
    case 'size':
      return readSize(given, at)
    case 'file':
      return readFile(given, at)
    case 'url':
      return readUrl(given, at)
    case 'secret':
      return readSecret(given, at)
  }
}

/** What holds where a configuration says nothing. */
function missing(kind: Kind, at: ConfigReader): unknown {
  if (kind.required) return at.refuse('is missing')
  if (kind.kind === 'list') return Object.freeze([])
  if (kind.kind === 'group') return kind.always ? checkedGroup(kind, {}, at) : undefined
  return 'default' in kind ? kind.default : undefined
}

function checkedChoice(choices: readonly string[], given: unknown, at: ConfigReader): unknown {
  if (choices.some((choice) => choice === given)) return given
  return at.refuse(`must be one of ${choices.join(', ')}, not ${shownInput(given)}${nearestWord(given, choices)}`)
}

function checkedList({ of, least = 0 }: ListKind, given: unknown, at: ConfigReader): unknown {
  const values: readonly unknown[] = Array.isArray(given) ? given : [given]
  if (values.length < least) return at.refuse('must have at least one entry')
  if (!Array.isArray(given)) return Object.freeze([checked(of, given, at)])
  return Object.freeze(values.map((value, index) => checkedEntry(of, value, at.below(index))))
}

/** An empty line of a list is a mistake, and not a default. */
function checkedEntry(of: Kind, value: unknown, at: ConfigReader): unknown {
  return value === undefined || value === null ? at.refuse('is empty') : checked(of, value, at)
}

function checkedMap({ of }: MapKind, given: unknown, at: ConfigReader): unknown {
  if (!isPlainObject(given)) return at.refuse(`must be an object, not ${kindOf(given)}`)
  const entries = Object.entries(given).map(([name, value]) => [name, checkedEntry(of, value, at.below(name))])
  return Object.freeze(Object.assign(Object.create(null), Object.fromEntries(entries)))
}

function checkedGroup(kind: GroupKind, whole: unknown, at: ConfigReader): unknown {
  const isShort = kind.short !== undefined && typeof whole === 'string'
  const given = isShort ? { [kind.short]: whole } : whole
  const form = kind.short === undefined ? 'an object' : 'a text or an object'
  if (!isPlainObject(given)) return at.refuse(`must be ${form}, not ${kindOf(given)}`)
  for (const name of Object.keys(given))
    if (!Object.hasOwn(kind.fields, name)) at.below(name).refuse(nameProblem(name, kind))
  const entries = Object.entries(kind.fields).map(([name, field]) => {
    const value: unknown = Object.hasOwn(given, name) ? Reflect.get(given, name) : undefined
    return [name, checked(field, value, isShort && name === kind.short ? at : at.below(name))]
  })
  return Object.freeze(Object.assign(Object.create(null), Object.fromEntries(entries)))
}

/** `negotiate`, `form: {}` or `form:` with nothing behind it. */
function checkedVariant({ variants }: VariantKind, given: unknown, at: ConfigReader): unknown {
  const names = isPlainObject(given) ? Object.keys(given) : [given]
  const [name] = names
  const known = Object.keys(variants).join(', ')
  if (names.length !== 1 || typeof name !== 'string') return at.refuse(`must be exactly one of ${known}`)
  if (!Object.hasOwn(variants, name))
    return at.refuse(`must be one of ${known}, not ${shownInput(name)}${nearestWord(name, Object.keys(variants))}`)
  const within: unknown = isPlainObject(given) ? Reflect.get(given, name) : undefined
  const options = checkedGroup(variants[name], within ?? {}, isPlainObject(given) ? at.below(name) : at)
  return Object.freeze({ name, options })
}

function isPlainObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value)
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'a list'
  if (ArrayBuffer.isView(value)) return 'octets'
  return value === null ? 'null' : `a ${typeof value}`
}
