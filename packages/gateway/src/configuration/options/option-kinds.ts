/**
 * The kinds of options, of which the one table of the gateway's options is made: its checks, the
 * JSON Schema for editors and the tables in print all come from there.
 */

interface Said {
  /** What it does: a sentence for editors and for the README. */
  readonly about: string
  /** Whether a configuration without it is refused. */
  readonly required?: true
  readonly example?: unknown
}

export interface TextKind extends Said {
  readonly kind: 'text'
  /** The form, and how it is called when something else is found there: `host:port`. */
  readonly form?: { readonly pattern: RegExp; readonly called: string }
  readonly default?: string
}

export interface FlagKind extends Said {
  readonly kind: 'flag'
  readonly default?: boolean
}

export interface NumberKind extends Said {
  readonly kind: 'number'
  readonly least: number
  readonly most: number
  readonly default?: number
}

/** Milliseconds, or a text such as `30s`, `5m`, `8h`. */
export interface DurationKind extends Said {
  readonly kind: 'duration'
  readonly default?: number
}

/** Octets, or a text such as `64KB`, `10MB`; K is 1,024. */
export interface SizeKind extends Said {
  readonly kind: 'size'
  readonly default?: number
}

export interface ChoiceKind extends Said {
  readonly kind: 'choice'
  readonly choices: readonly string[]
  readonly default?: string
}

/** A path; relative to the folder of the configuration. The file must be there. */
export interface FileKind extends Said {
  readonly kind: 'file'
  readonly default?: string
}

/** An absolute `http:` or `https:` URL. */
export interface UrlKind extends Said {
  readonly kind: 'url'
}

/** A secret: never in a file of configuration, there only where to find it. */
export interface SecretKind extends Said {
  readonly kind: 'secret'
}

/** What a file cannot say: a function or an object, for `createGateway` alone. */
export interface CodeKind extends Said {
  readonly kind: 'code'
}

/** A list; one value without the brackets is a list of one. */
export interface ListKind extends Said {
  readonly kind: 'list'
  readonly of: Kind
  readonly least?: number
}

/** An object whose names are data. */
export interface MapKind extends Said {
  readonly kind: 'map'
  readonly of: Kind
}

export interface GroupKind extends Said {
  readonly kind: 'group'
  readonly fields: Fields
  /** Whether it is there with its defaults where a configuration has nothing under its name. */
  readonly always?: true
  /** The field that a text alone is: `dc1.ad.test` for `{ host: dc1.ad.test }`. */
  readonly short?: string
}

/** One of several, by name: `negotiate`, or `form: { title: … }`. */
export interface VariantKind extends Said {
  readonly kind: 'variant'
  readonly variants: Readonly<Record<string, GroupKind>>
}

export type Kind =
  | TextKind
  | FlagKind
  | NumberKind
  | DurationKind
  | SizeKind
  | ChoiceKind
  | FileKind
  | UrlKind
  | SecretKind
  | CodeKind
  | ListKind
  | MapKind
  | GroupKind
  | VariantKind

export type Fields = Readonly<Record<string, Kind>>

type Rules<K extends Kind> = Omit<K, 'kind'>

export const text = <const R extends Rules<TextKind>>(rules: R) => ({ kind: 'text' as const, ...rules })
export const flag = <const R extends Rules<FlagKind>>(rules: R) => ({ kind: 'flag' as const, ...rules })
export const number = <const R extends Rules<NumberKind>>(rules: R) => ({ kind: 'number' as const, ...rules })
export const duration = <const R extends Rules<DurationKind>>(rules: R) => ({ kind: 'duration' as const, ...rules })
export const size = <const R extends Rules<SizeKind>>(rules: R) => ({ kind: 'size' as const, ...rules })
export const choice = <const R extends Rules<ChoiceKind>>(rules: R) => ({ kind: 'choice' as const, ...rules })
export const file = <const R extends Rules<FileKind>>(rules: R) => ({ kind: 'file' as const, ...rules })
export const url = <const R extends Rules<UrlKind>>(rules: R) => ({ kind: 'url' as const, ...rules })
export const secret = <const R extends Rules<SecretKind>>(rules: R) => ({ kind: 'secret' as const, ...rules })
export const code = <const R extends Rules<CodeKind>>(rules: R) => ({ kind: 'code' as const, ...rules })
export const list = <const R extends Rules<ListKind>>(rules: R) => ({ kind: 'list' as const, ...rules })
export const map = <const R extends Rules<MapKind>>(rules: R) => ({ kind: 'map' as const, ...rules })
export const group = <const R extends Rules<GroupKind>>(rules: R) => ({ kind: 'group' as const, ...rules })
export const variant = <const R extends Rules<VariantKind>>(rules: R) => ({ kind: 'variant' as const, ...rules })
