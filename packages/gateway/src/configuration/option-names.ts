import { nearestOption, type OptionTable } from '@s4u/krb5'
import { GATEWAY_OPTIONS } from './gateway-options.js'
import type { Fields, GroupKind, Kind } from './options/option-kinds.js'

/** Says that a name is no option, and which right one is nearest. */
export function nameProblem(name: string, { fields }: GroupKind): string {
  const near = nearestOption(name, { path: '', root: tableOf(GATEWAY_OPTIONS.fields) }, tableOf(fields))
  if (near === undefined) return `is not an option; the options here are ${Object.keys(fields).join(', ')}`
  return `is not an option; did you mean ${near}?`
}

/** `; did you mean form?`, or nothing where no right word is near. */
export function nearestWord(word: unknown, words: readonly string[]): string {
  const table: OptionTable = Object.fromEntries(words.map((one) => [one, 'value'] as const))
  const near = typeof word === 'string' ? nearestOption(word, { path: '', root: {} }, table) : undefined
  return near === undefined ? '' : `; did you mean ${near}?`
}

function tableOf(fields: Fields): OptionTable {
  return Object.fromEntries(Object.entries(fields).map(([name, kind]) => [name, within(kind)]))
}

function within(kind: Kind): OptionTable | 'value' {
  if (kind.kind === 'group') return tableOf(kind.fields)
  return kind.kind === 'list' ? within(kind.of) : 'value'
}
