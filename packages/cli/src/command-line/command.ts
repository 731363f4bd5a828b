import type { Report } from '../terminal/report.js'
import type { Session } from '../terminal/session.js'
import { Given, type GivenOf, type Options, type OptionSpec, type OptionValue } from './options.js'

/** What stands behind a command without a dash. */
export interface OperandSpec {
  /** What the help calls it: `SPN`. */
  readonly name: string
  readonly about: string
  readonly required?: boolean
  /** Takes all that follow. */
  readonly repeated?: boolean
  readonly choices?: readonly string[]
  readonly completes?: 'file' | 'folder'
}

export interface Example {
  /** As it is typed, without the prompt. */
  readonly line: string
  readonly about: string
}

/** What a command tells of itself, for the parser, the help and the completion of shells. */
export interface CommandFacts {
  readonly name: string
  /** One line, in the imperative. */
  readonly summary: string
  /** A few sentences below the usage. */
  readonly details?: string
  readonly operands?: readonly OperandSpec[]
  readonly examples: readonly Example[]
}

interface CommandSpec<O extends Options> extends CommandFacts {
  readonly options: O
  /** Does the work by calling the library once, and returns what is printed. */
  readonly run: (given: GivenOf<O>, session: Session) => Promise<Report>
}

/** A command whose options have been declared. */
export interface RunnableCommand extends CommandFacts {
  readonly options: Options
  readonly run: (
    values: ReadonlyMap<string, OptionValue>,
    operands: readonly string[],
    session: Session,
  ) => Promise<Report>
}

/** A name with commands below it: `s4u keytab list`. */
export interface CommandGroup {
  readonly name: string
  readonly summary: string
  readonly commands: readonly RunnableCommand[]
}

/** A command of `s4u`: one that runs, or a name with commands below it. */
export type Command = RunnableCommand | CommandGroup

export function isGroup(command: Command): command is CommandGroup {
  return 'commands' in command
}

/**
 * Makes a command of its declaration; `run` is given the options by the types declared.
 *
 * ```
 * export const kdestroy = defineCommand({
 *   name: 'kdestroy',
 *   summary: 'Remove a credential cache',
 *   options: { cache: { kind: 'text', short: 'c', value: 'CACHE', about: 'the cache to remove' } },
 *   examples: [{ line: 's4u kdestroy', about: 'remove the default cache' }],
 *   run: async (given) => report({ removed: given.text('cache') }),
 * })
 * ```
 */
export function defineCommand<const O extends Options>(spec: CommandSpec<O>): RunnableCommand {
  return { ...spec, run: (values, operands, session) => spec.run(new Given(values, operands), session) }
}

/** `--show-secrets` of `showSecrets`. */
export function longFlag(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
}

/** `-k, --keytab <FILE>` */
export function flagsOf(name: string, { kind, short, value }: OptionSpec): string {
  const flags = short === undefined ? longFlag(name) : `-${short}, ${longFlag(name)}`
  return kind === 'flag' ? flags : `${flags} <${value ?? 'VALUE'}>`
}

/** Options that every command has. */
export const COMMON_OPTIONS = {
  json: { kind: 'flag', about: 'print one JSON document, for programs' },
  color: { kind: 'text', value: 'WHEN', choices: ['auto', 'always', 'never'], about: 'when to use colours' },
} as const satisfies Options
