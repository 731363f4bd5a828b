import type { Fields, Kind } from './option-kinds.js'
import type { Secret } from './secret.js'

/** Where a secret is: the environment, a file, or, in a program, the value itself. */
export type GivenSecret = string | { readonly env: string } | { readonly file: string }

/** What a configuration may have for a kind of option. */
export type Given<K> = K extends { kind: 'text' | 'file' }
  ? string
  : K extends { kind: 'url' }
    ? string | URL
    : K extends { kind: 'flag' }
      ? boolean
      : K extends { kind: 'number' }
        ? number
        : K extends { kind: 'duration' | 'size' }
          ? number | string
          : K extends { kind: 'choice'; choices: readonly (infer C)[] }
            ? C
            : K extends { kind: 'secret' }
              ? GivenSecret
              : K extends { kind: 'list'; of: infer O }
                ? readonly Given<O>[] | Given<O>
                : K extends { kind: 'map'; of: infer O }
                  ? Readonly<Record<string, Given<O>>>
                  : K extends { kind: 'group'; fields: infer F }
                    ? GivenFields<F> | (K extends { short: string } ? string : never)
                    : K extends { kind: 'variant'; variants: infer V }
                      ? keyof V | GivenVariant<V>
                      : unknown

export type GivenFields<F> = {
  readonly [N in keyof F as F[N] extends { required: true } ? N : never]: Given<F[N]>
} & { readonly [N in keyof F as F[N] extends { required: true } ? never : N]?: Given<F[N]> }

type GivenVariant<V> = { [N in keyof V]: { readonly [M in N]: Given<V[N]> } }[keyof V]

/** What the check makes of it: complete, of one form, frozen. */
export type Checked<K> = K extends { kind: 'text' | 'file' }
  ? string
  : K extends { kind: 'url' }
    ? URL
    : K extends { kind: 'flag' }
      ? boolean
      : K extends { kind: 'number' | 'duration' | 'size' }
        ? number
        : K extends { kind: 'choice'; choices: readonly (infer C)[] }
          ? C
          : K extends { kind: 'secret' }
            ? Secret
            : K extends { kind: 'list'; of: infer O }
              ? readonly Checked<O>[]
              : K extends { kind: 'map'; of: infer O }
                ? Readonly<Record<string, Checked<O>>>
                : K extends { kind: 'group'; fields: infer F }
                  ? CheckedFields<F>
                  : K extends { kind: 'variant'; variants: infer V }
                    ? CheckedVariant<V>
                    : unknown

/** `{ name: 'form', options: { … } }` */
type CheckedVariant<V> = { [N in keyof V]: { readonly name: N; readonly options: Checked<V[N]> } }[keyof V]

export type CheckedFields<F> = { readonly [N in keyof F]: CheckedField<F[N]> }

type CheckedField<K> = K extends { required: true } | { always: true } | { default: unknown } | { kind: 'list' }
  ? Checked<K>
  : Checked<K> | undefined

export type { Fields, Kind }
