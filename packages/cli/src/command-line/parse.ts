import { Argument, Command as Parser, CommanderError, InvalidArgumentError, Option } from 'commander'
import { printable } from '@s4u/krb5'
import { type Command, COMMON_OPTIONS, flagsOf, isGroup, longFlag, type RunnableCommand } from './command.js'
import { requireCompanions } from './goes-with.js'
import { describeCommand, describeProgram, type HelpPage } from './help.js'
import type { OptionSpec, OptionValue } from './options.js'
import { UsageError } from '../usage-error.js'

/** What a command line asks for: a command with its options, or a text such as the help. */
export type Parsed =
  | {
      readonly kind: 'command'
      /** `keytab list` */
      readonly path: string
      readonly command: RunnableCommand
      readonly values: ReadonlyMap<string, OptionValue>
      readonly operands: readonly string[]
    }
  | { readonly kind: 'text'; readonly text: string }

/**
 * Reads the words behind `s4u`. Nothing is run yet.
 * @throws UsageError for a command, an option or a value that there is not
 */
export async function parseCommandLine(
  commands: readonly Command[],
  words: readonly string[],
  page: HelpPage & { readonly version: string },
): Promise<Parsed> {
  let found: Parsed | undefined
  let text = ''
  const program = quiet(new Parser('s4u'), (part) => (text += part))
  describeProgram(program, commands, page)
  program.version(page.version, '--version', 'print the version')
  const onParsed = (parsed: Parsed): void => void (found = parsed)
  for (const command of commands) addCommand(program, command, { path: '', page, onParsed })
  try {
    await program.parseAsync([...withHelpOfSubcommand(commands, words)], { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    if (error.exitCode !== 0 && !isHelp(error, words)) throw usageErrorOf(error, words)
  }
  return found ?? { kind: 'text', text }
}

/**
 * `help keytab create` is `keytab create --help`: the parser itself looks at one word behind
 * `help`, and would print the list of the group.
 */
function withHelpOfSubcommand(commands: readonly Command[], words: readonly string[]): readonly string[] {
  const [help, name, below, ...others] = words
  if (help !== 'help' || below === undefined || below.startsWith('-')) return words
  const group = commands.find((command) => command.name === name)
  if (group === undefined || !isGroup(group)) return words
  const isKnown = group.commands.some((command) => command.name === below)
  return isKnown ? [name, below, '--help', ...others] : [name, below]
}

/**
 * Returns whether the help was asked for. `s4u` and `s4u keytab` alone print the help too, but
 * count as mistakes.
 */
function isHelp(error: CommanderError, words: readonly string[]): boolean {
  return error.code === 'commander.help' && words.includes('help')
}

function usageErrorOf(error: CommanderError, words: readonly string[]): UsageError {
  const command = words.find((word) => !word.startsWith('-'))
  const isKnown = command !== undefined && error.code !== 'commander.unknownCommand'
  const hint = isKnown ? `s4u ${printable(command)} --help has the options.` : 's4u --help lists the commands.'
  if (error.code === 'commander.help') return new UsageError('a command is missing', hint)
  return new UsageError(error.message.replace(/^error: /, '').replaceAll('\n', ' '), hint)
}

interface Place {
  readonly path: string
  readonly page: HelpPage
  readonly onParsed: (parsed: Parsed) => void
}

function addCommand(parent: Parser, command: Command, { path, page, onParsed }: Place): void {
  const child = quiet(parent.command(command.name), undefined, parent)
  child.summary(command.summary).description(command.summary)
  const whole = path === '' ? command.name : `${path} ${command.name}`
  if (isGroup(command)) {
    for (const one of command.commands) addCommand(child, one, { path: whole, page, onParsed })
    describeProgram(child, command.commands, page)
    return
  }
  describeCommand(child, command, page)
  for (const [name, spec] of Object.entries({ ...command.options, ...COMMON_OPTIONS }))
    child.addOption(optionOf(name, spec))
  for (const operand of command.operands ?? []) {
    const { name, about, required = false, repeated = false, choices } = operand
    const whole = repeated ? `${name}...` : name
    const argument = new Argument(required ? `<${whole}>` : `[${whole}]`, about)
    child.addArgument(choices === undefined ? argument : argument.choices(choices))
  }
  child.action(() => {
    const values = new Map(Object.entries(child.opts<Record<string, OptionValue>>()))
    requireCompanions(command.options, new Set(values.keys()))
    onParsed({ kind: 'command', path: whole, command, values, operands: child.args })
  })
}

function optionOf(name: string, spec: OptionSpec): Option {
  const option = new Option(flagsOf(name, spec), spec.about)
  // The parser's own name of `--kdc` is the same; of `--krb5-config` it would be `krb5Config` too.
  if (option.attributeName() !== name) throw new TypeError(`${longFlag(name)} is not the flag of ${name}`)
  if (spec.choices !== undefined) option.choices(spec.choices)
  if (spec.kind === 'texts') option.argParser((text: string, before: readonly string[] = []) => [...before, text])
  if (spec.kind === 'number') option.argParser((text: string) => numberOf(text, spec.most))
  return option
}

function numberOf(text: string, most: number | undefined): number {
  if (/^\d{1,15}$/.test(text) && Number(text) <= (most ?? Infinity)) return Number(text)
  throw new InvalidArgumentError(`A whole number${most === undefined ? '' : ` from 0 to ${most}`} is expected.`)
}

/** The parser ends no process and prints nothing by itself. */
function quiet(parser: Parser, write?: (text: string) => void, parent?: Parser): Parser {
  if (parent !== undefined) parser.copyInheritedSettings(parent)
  parser.exitOverride()
  const nothing = (): void => {}
  // The page decides about colours: the parser would take them out of what it does not write to a
  // terminal.
  const getOutHasColors = (): boolean => true
  if (write !== undefined)
    parser.configureOutput({ writeOut: write, writeErr: nothing, outputError: nothing, getOutHasColors })
  return parser
}
