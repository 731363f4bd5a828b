import type { Command as Parser } from 'commander'
import { line, styled, table } from '../terminal/blocks.js'
import { layOut, type Page } from '../terminal/page.js'
import {
  type Command,
  COMMON_OPTIONS,
  type Example,
  flagsOf,
  isGroup,
  type OperandSpec,
  type RunnableCommand,
} from './command.js'
import type { Options } from './options.js'

/** Where help is printed. */
export type HelpPage = Page

/** The help of one command: usage, what it does, operands, options, examples. */
export function describeCommand(parser: Parser, command: RunnableCommand, page: HelpPage): void {
  parser.helpOption('-h, --help', 'print this help')
  parser.configureHelp({ formatHelp: (child) => textOf(pathOf(child), command, page) })
}

/** The help of the program, or of a group: the commands below it. */
export function describeProgram(parser: Parser, commands: readonly Command[], page: HelpPage): void {
  parser.helpOption('-h, --help', 'print this help')
  parser.configureHelp({ formatHelp: (child) => listOf(pathOf(child), commands, page) })
}

function textOf(path: string, command: RunnableCommand, page: HelpPage): string {
  const { summary, details, operands = [], options, examples } = command
  const usage = [path, '[OPTIONS]', ...operands.map(usageOf)].join(' ')
  const head = [line(styled('bold', 'Usage: '), usage), line(''), line(`${summary}.`)]
  const more = details === undefined ? [] : details.split('\n').flatMap((text) => [line(''), line(text)])
  return layOut(
    [
      ...head,
      ...more,
      ...operandsOf(operands),
      ...optionsOf('Options', options),
      ...optionsOf('For every command', COMMON_OPTIONS, [['-h, --help', 'print this help']]),
      line(''),
      line(styled('bold', 'Examples')),
      ...examples.flatMap(linesOfExample),
    ],
    page,
  )
}

function linesOfExample({ line: typed, about }: Example) {
  return [line(`  # ${about}`), line(`  ${typed}`)]
}

function usageOf({ name, required, repeated }: OperandSpec): string {
  const whole = repeated ? `${name}…` : name
  return required ? whole : `[${whole}]`
}

function operandsOf(operands: readonly OperandSpec[]) {
  if (operands.length === 0) return []
  const rows = operands.map(({ name, about, choices }) => ({ cells: [`  ${name}`, withChoices(about, choices)] }))
  return [line(''), line(styled('bold', 'Operands')), table(['', ''], rows)]
}

function optionsOf(title: string, options: Options, others: readonly (readonly [string, string])[] = []) {
  const rows = Object.entries(options).map(([name, spec]) => ({
    cells: [`  ${flagsOf(name, spec)}`, withChoices(spec.about, spec.choices)],
  }))
  const more = others.map(([flags, about]) => ({ cells: [`  ${flags}`, about] }))
  const all = [...rows, ...more]
  return all.length === 0 ? [] : [line(''), line(styled('bold', title)), table(['', ''], all)]
}

function withChoices(about: string, choices: readonly string[] | undefined): string {
  return choices === undefined ? about : `${about}: ${choices.join(', ')}`
}

function listOf(path: string, commands: readonly Command[], page: HelpPage): string {
  const rows = commands.flatMap(rowsOf)
  return layOut(
    [
      line(styled('bold', 'Usage: '), `${path} COMMAND [OPTIONS]`),
      line(''),
      line(styled('bold', 'Commands')),
      table(['', ''], rows),
      line(''),
      line(`"${path === 's4u' ? 's4u help' : `${path} help`} COMMAND" has the options of a command, and examples.`),
    ],
    page,
  )
}

function rowsOf(command: Command) {
  if (!isGroup(command)) return [{ cells: [`  ${command.name}`, command.summary] }]
  return command.commands.map(({ name, summary }) => ({ cells: [`  ${command.name} ${name}`, summary] }))
}

function pathOf(parser: Parser): string {
  return parser.parent === null ? parser.name() : `${pathOf(parser.parent)} ${parser.name()}`
}
