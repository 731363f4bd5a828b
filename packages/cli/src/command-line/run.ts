import { failureBlocks, failureValue } from '../terminal/failure.js'
import { jsonText } from '../terminal/json-text.js'
import { forTerminal, layOut, type Page } from '../terminal/page.js'
import type { Report } from '../terminal/report.js'
import type { Session } from '../terminal/session.js'
import type { Command } from './command.js'
import { EXIT, exitCodeOf } from './exit-codes.js'
import type { OptionValue } from './options.js'
import { type Parsed, parseCommandLine } from './parse.js'

/** Where a program writes, and what its terminal can do. */
export interface Outputs {
  readonly out: OutputStream
  readonly err: OutputStream
}

/** Where a command writes: the standard output or the standard error of the process. */
export interface OutputStream {
  /** Whether control characters would be obeyed. Default: no. */
  readonly isTerminal?: boolean
  write(data: string | Uint8Array): void
  readonly page: Page
}

/** What the program is run with. */
export interface Surroundings {
  readonly version: string
  readonly outputs: Outputs
  /** Everything of a session but `print`, which depends on `--json`. */
  readonly session: Omit<Session, 'print'>
}

/**
 * Runs one command line and returns the exit code. Errors become text: on the standard error for
 * people, and as a document on the standard output with `--json`.
 *
 * @example
 * ```ts
 * import { COMMANDS, runCommandLine, type Surroundings } from '@s4u/cli'
 *
 * // `s4u explain KRB_AP_ERR_SKEW`, within a program of its own.
 * export const explain = (code: string, surroundings: Surroundings) =>
 *   runCommandLine(COMMANDS, ['explain', code], surroundings)
 * ```
 */
export async function runCommandLine(
  commands: readonly Command[],
  words: readonly string[],
  surroundings: Surroundings,
): Promise<number> {
  const { outputs, version } = surroundings
  // An error of the command line itself comes before its options are known.
  let printer = new Printer(outputs, words.includes('--json') ? new Map([['json', true]]) : new Map())
  let path = 's4u'
  try {
    const page = printer.outPage
    const parsed = await parseCommandLine(commands, words, { ...page, version })
    if (parsed.kind === 'text') return printText(outputs, parsed)
    printer = new Printer(outputs, parsed.values)
    path = `s4u ${parsed.path}`
    const report = await parsed.command.run(parsed.values, parsed.operands, sessionOf(surroundings, printer))
    printer.report(report)
    return report.outcome === 'refused' ? EXIT.REFUSED : EXIT.OK
  } catch (error) {
    printer.failure(path, error)
    return exitCodeOf(error)
  }
}

function printText({ out }: Outputs, { text }: Parsed & { readonly kind: 'text' }): number {
  out.write(text)
  return EXIT.OK
}

function sessionOf({ session }: Surroundings, printer: Printer): Session {
  return { ...session, print: (value, blocks) => printer.report({ value, blocks }) }
}

/** Prints for people or for programs, as the options say. */
class Printer {
  private readonly outputs: Outputs
  private readonly isJson: boolean
  private readonly colours: string

  constructor(outputs: Outputs, values: ReadonlyMap<string, OptionValue>) {
    this.outputs = outputs
    this.isJson = values.get('json') === true
    this.colours = String(values.get('color') ?? 'auto')
  }

  get outPage(): Page {
    return this.pageOf(this.outputs.out)
  }

  report({ value, blocks, octets }: Report): void {
    const { out } = this.outputs
    if (this.isJson) return out.write(jsonText(value))
    out.write(layOut(blocks, this.outPage))
    if (octets !== undefined) out.write(out.isTerminal ? forTerminal(octets) : octets)
  }

  failure(path: string, error: unknown): void {
    const { out, err } = this.outputs
    if (error instanceof Error && error.name === 'AbortError') return
    if (this.isJson) out.write(jsonText(failureValue(error)))
    else err.write(layOut(failureBlocks(path, error), this.pageOf(err)))
  }

  private pageOf({ page }: OutputStream): Page {
    const hasColours = this.colours === 'auto' ? page.hasColours : this.colours === 'always'
    return { ...page, hasColours }
  }
}
