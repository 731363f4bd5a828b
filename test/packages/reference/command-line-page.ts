import { COMMANDS, EXIT, type RunnableCommand } from '@s4u/cli'
import { COMMON_OPTIONS, flagsOf, isGroup, type OperandSpec } from '../../../packages/cli/src/command-line/command.js'
import type { OptionSpec } from '../../../packages/cli/src/command-line/options.js'

/** A command by what is typed: `keytab list`. */
export const COMMANDS_BY_PATH: ReadonlyMap<string, RunnableCommand> = new Map(
  COMMANDS.flatMap((command) =>
    isGroup(command)
      ? command.commands.map((one) => [`${command.name} ${one.name}`, one] as const)
      : [[command.name, command] as const],
  ),
)

/**
 * The page docs/command-line.md, made of the tables that the parser and the help of `s4u` use.
 *
 * @param write the command that writes the page
 * @param exitCodes what each exit code means, by its name
 */
export function commandLinePage(write: string, exitCodes: ReadonlyMap<string, string>): string {
  const exits = Object.entries(EXIT).map(([name, code]) => [String(code), exitCodes.get(name) ?? ''])
  return `# Command line

\`s4u\`, the command of [\`@s4u/cli\`](../packages/cli): \`npx -p @s4u/cli s4u --help\`. \`s4u help COMMAND\` prints what stands here, and examples of more.

This page is made of the tables of commands that the program itself uses. After a change: \`${write}\`.

${table(
  ['command', 'what it does'],
  [...COMMANDS_BY_PATH].map(([path, { summary }]) => [`[\`${path}\`](#s4u-${path.replaceAll(' ', '-')})`, summary]),
)}

## For every command

${optionsTable({ ...COMMON_OPTIONS, help: { kind: 'flag', short: 'h', about: 'print this help' } })}

With \`--json\` the standard output has one JSON document. Where the command has failed, it is \`{ "error": { "code", "message", "hint" } }\`, and the code stands on the page of [error codes](error-codes.md). Keys are printed with \`--show-secrets\` only, and no option takes a password: at a terminal it is asked for, and elsewhere it is the next line of the standard input.

${table(['exit code', 'meaning'], exits)}

${[...COMMANDS_BY_PATH].map(sectionOf).join('\n\n')}
`
}

function sectionOf([path, command]: readonly [string, RunnableCommand]): string {
  const { summary, details, operands = [], options, examples } = command
  const typed = examples.map(({ line, about }) => `# ${about}\n${line}`).join('\n')
  return [
    `## s4u ${path}`,
    `${summary}.`,
    `\`\`\`text\n${['s4u', path, '[OPTIONS]', ...operands.map(operandOf)].join(' ')}\n\`\`\``,
    ...(details === undefined ? [] : details.split('\n').map(plain)),
    ...(operands.length === 0 ? [] : [table(['operand', 'what it is'], operands.map(operandRow))]),
    ...(Object.keys(options).length === 0 ? [] : [optionsTable(options)]),
    `\`\`\`sh\n${typed}\n\`\`\``,
  ].join('\n\n')
}

const operandOf = ({ name, required, repeated }: OperandSpec): string => {
  const whole = repeated === true ? `${name}…` : name
  return required === true ? whole : `[${whole}]`
}

const operandRow = ({ name, about, choices }: OperandSpec): string[] => [code(name), told(about, choices)]

function optionsTable(options: Readonly<Record<string, OptionSpec>>): string {
  const rows = Object.entries(options).map(([name, spec]) => [
    code(flagsOf(name, spec)) + (spec.kind === 'texts' ? ', repeated' : ''),
    told(spec.about, spec.choices),
  ])
  return table(['option', 'what it does'], rows)
}

const told = (about: string, choices: readonly string[] | undefined): string =>
  plain(choices === undefined ? about : `${about}: ${choices.join(', ')}`)

const code = (text: string): string => `\`${text}\``

/** Text of the terminal: names in capitals are code, and marks of Markdown are text. */
const plain = (text: string): string =>
  text
    .split(/((?<![\w-])[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+(?!\w)|\b(?:NAME|USER|SPN|FILE)\b(?!\w))/)
    .map((part, index) => (index % 2 === 1 ? code(part) : part.replaceAll(/[|<>*_[\]]/g, '\\$&')))
    .join('')

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
