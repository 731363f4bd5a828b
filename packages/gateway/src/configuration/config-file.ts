import { readFileSync, statSync } from 'node:fs'
import { basename, dirname, resolve } from 'node:path'
import { ConfigurationError, shownPath } from '@s4u/krb5'
import { type Document, isMap, isNode, isPair, isScalar, LineCounter, parseDocument } from 'yaml'
import { checkGateway } from './check-gateway.js'
import type { GatewaySettings } from './gateway-options.js'
import { type ConfigPath, formatPath, type Problem } from './problem.js'

/** A file of configuration that has been read and checked. */
export interface ReadConfig {
  /** What it says; undefined where there are problems. */
  readonly settings: GatewaySettings | undefined
  readonly problems: readonly Problem[]
  /** The name of the file, for messages. */
  readonly name: string
}

/** Larger than any configuration that a person writes. */
const MAX_OCTETS = 4 * 1_024 ** 2

/**
 * Reads and checks a file of configuration, YAML or JSON. Each problem says where it is in the
 * file.
 *
 * @throws ConfigurationError KRB5_CONFIG_CANTOPEN where the file cannot be read
 *
 * @example
 * ```ts
 * import { createGateway, readConfigFile } from '@s4u/gateway'
 *
 * const read = readConfigFile('/etc/s4u/gateway.yaml')
 * export const problems = read.problems.length
 * ```
 */
export function readConfigFile(
  path: string,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): ReadConfig {
  const name = basename(path)
  const lines = new LineCounter()
  const document = parseDocument(textOf(path), { lineCounter: lines, schema: 'core', version: '1.2', merge: false })
  const faults = document.errors.map((fault) => syntaxProblem(fault.message, fault.linePos?.[0]))
  if (faults.length > 0) return { settings: undefined, problems: faults, name }
  const source = { from: 'file', folder: dirname(resolve(path)), environment } as const
  const { settings, problems } = checkGateway(valueOf(document), source)
  const placed = problems.map((problem) => ({ ...problem, ...placeOf(problem.path, document, lines) }))
  return { settings, problems: placed.sort(inOrder), name }
}

/** As they stand in the file; in one place a missing option comes first. */
function inOrder(one: Problem, other: Problem): number {
  const [line = 0, column = 0, otherLine = 0, otherColumn = 0] = [one.line, one.column, other.line, other.column]
  return line - otherLine || column - otherColumn || formatPath(one.path).localeCompare(formatPath(other.path))
}

function textOf(path: string): string {
  try {
    if (statSync(path).size > MAX_OCTETS) throw new Error(`has more than ${MAX_OCTETS} octets`)
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new ConfigurationError(`the configuration ${shownPath(path)} cannot be read`, {
      code: 'KRB5_CONFIG_CANTOPEN',
      hint: 'Give the path of a YAML or JSON file that this process may read.',
      cause,
    })
  }
}

/** The parser shows the lines around a mistake, in which there may be a secret. */
function syntaxProblem(message: string, place: { line: number; col: number } | undefined): Problem {
  const [first] = message.split(/ at line \d+|\n/)
  return { path: [], message: `is not YAML: ${first}`, line: place?.line, column: place?.col }
}

/** Aliases stay few, so that a small file cannot become a large value. */
const MAX_ALIASES = 100

function valueOf(document: Document.Parsed): unknown {
  return document.toJS({ maxAliasCount: MAX_ALIASES })
}

/**
 * Where the name, or else the value, of a place stands; of a missing one, where its group begins.
 */
function placeOf(path: ConfigPath, document: Document, lines: LineCounter): { line?: number; column?: number } {
  const offset = offsetOf(document.contents, path) ?? 0
  const { line, col } = lines.linePos(offset)
  return { line, column: col }
}

function offsetOf(node: unknown, [step, ...rest]: ConfigPath): number | undefined {
  if (!isNode(node)) return undefined
  const own = node.range?.[0]
  if (step === undefined) return own
  if (isMap(node)) {
    const pair = node.items.find((item) => isPair(item) && isScalar(item.key) && String(item.key.value) === step)
    if (pair === undefined) return own
    const at = isScalar(pair.key) ? pair.key.range?.[0] : undefined
    return rest.length === 0 ? at : (offsetOf(pair.value, rest) ?? at)
  }
  const item: unknown =
    typeof step === 'number' && 'items' in node && Array.isArray(node.items) ? node.items[step] : undefined
  return item === undefined ? own : (offsetOf(item, rest) ?? own)
}
