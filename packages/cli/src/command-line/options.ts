/** How a command declares its options, and how it reads what was given. */

/**
 * One option of a command. Its name in the table, `showSecrets`, is `--show-secrets` on the command
 * line.
 */
export interface OptionSpec {
  /** `flag` is there or not; `text` has one value; `texts` may be repeated; `number` has digits. */
  readonly kind: 'flag' | 'text' | 'texts' | 'number'
  /** One letter: `k` for `-k`. */
  readonly short?: string
  /** What the help calls the value: `FILE`. */
  readonly value?: string
  /** One line for the help. */
  readonly about: string
  /** The only values that are taken. */
  readonly choices?: readonly string[]
  /** The largest value of a `number`. */
  readonly most?: number
  /**
   * The options without which this one would have no effect: where none of them is given, it is
   * refused.
   */
  readonly goesWith?: readonly string[]
  /** What the shell completes the value with. Default: nothing, or `choices`. */
  readonly completes?: 'file' | 'folder'
}

export type Options = Readonly<Record<string, OptionSpec>>

/** What the parser found for one option. */
export type OptionValue = boolean | string | number | readonly string[]

type NamesOf<O extends Options, K extends OptionSpec['kind']> = {
  [N in keyof O & string]: O[N]['kind'] extends K ? N : never
}[keyof O & string]

/** The options and operands of one call, by the types that the command has declared. */
export type GivenOf<O extends Options> = Given<
  NamesOf<O, 'flag'>,
  NamesOf<O, 'text'>,
  NamesOf<O, 'texts'>,
  NamesOf<O, 'number'>
>

/** A command that has more options fits wherever some of them are wanted. */
export class Given<
  Flags extends string = string,
  Texts extends string = string,
  Lists extends string = string,
  Numbers extends string = string,
> {
  /** What stands behind the command without a dash, in order. */
  readonly operands: readonly string[]
  private readonly values: ReadonlyMap<string, OptionValue>

  constructor(values: ReadonlyMap<string, OptionValue>, operands: readonly string[]) {
    this.values = values
    this.operands = operands
  }

  flag(name: Flags): boolean {
    return this.values.get(name) === true
  }

  text(name: Texts): string | undefined {
    const value = this.values.get(name)
    return typeof value === 'string' ? value : undefined
  }

  texts(name: Lists): readonly string[] {
    const value = this.values.get(name)
    return Array.isArray(value) ? value : []
  }

  number(name: Numbers): number | undefined {
    const value = this.values.get(name)
    return typeof value === 'number' ? value : undefined
  }
}
