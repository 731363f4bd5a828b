import { type Command, COMMON_OPTIONS, isGroup, longFlag, type OperandSpec } from '../command-line/command.js'
import type { OptionSpec } from '../command-line/options.js'

/** What a shell has to know of one command. */
export interface CompletedCommand {
  /** `keytab list` */
  readonly path: string
  readonly summary: string
  readonly options: readonly CompletedOption[]
  readonly operand?: OperandSpec
}

export interface CompletedOption extends Pick<OptionSpec, 'about' | 'choices' | 'completes'> {
  /** `-c` and `--cache`. */
  readonly flags: readonly string[]
  readonly hasValue: boolean
  readonly isRepeated: boolean
}

/** Every command, those of groups by both words. */
export function completedCommands(commands: readonly Command[], before = ''): readonly CompletedCommand[] {
  return commands.flatMap((command) => {
    const path = `${before}${command.name}`
    if (isGroup(command)) return completedCommands(command.commands, `${path} `)
    const { summary, operands = [] } = command
    const options = Object.entries({ ...command.options, ...COMMON_OPTIONS }).map(optionOf)
    const [operand] = operands
    return [{ path, summary, options: [...options, HELP], ...(operand && { operand }) }]
  })
}

function optionOf([name, { short, kind, about, choices, completes }]: [string, OptionSpec]): CompletedOption {
  const flags = [...(short === undefined ? [] : [`-${short}`]), longFlag(name)]
  return { flags, hasValue: kind !== 'flag', isRepeated: kind === 'texts', about, choices, completes }
}

const HELP: CompletedOption = {
  flags: ['-h', '--help'],
  hasValue: false,
  isRepeated: false,
  about: 'print the help',
}
