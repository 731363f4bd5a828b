import { ConfigurationError, printable } from '@s4u/krb5'

/** The way to a place of a configuration: `['sites', 0, 'hosts']`. */
export type ConfigPath = readonly (string | number)[]

/** One mistake of a configuration. It shows no value that might be a secret. */
export interface Problem {
  readonly path: ConfigPath
  /** What was expected, and what was found: `must be true or false, not "yes"`. */
  readonly message: string
  /** In the file, from 1; undefined for a configuration that a program has made. */
  readonly line?: number
  readonly column?: number
}

/** Formats the way to a place: `sites[0].hosts`. */
export function formatPath(path: ConfigPath): string {
  const parts = path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${shownStep(step)}`))
  return parts.join('').replace(/^\./, '')
}

/** A name that does not look like one may be a secret in the wrong place. */
function shownStep(step: string): string {
  return /^[\w$*/@.\\-]{1,40}$/.test(step) ? step : `(a name of ${step.length} characters)`
}

/**
 * Formats a mistake as one line: `gateway.yaml:12:5: sites[0].hosts is missing`.
 *
 * @example
 * ```ts
 * import { formatProblem } from '@s4u/gateway'
 *
 * const problem = { path: ['sites', 0, 'hosts'], message: 'is missing', line: 12, column: 5 }
 * const text = formatProblem(problem, 'gateway.yaml')
 * console.log(text) // gateway.yaml:12:5: sites[0].hosts is missing
 * ```
 */
export function formatProblem({ path, message, line, column }: Problem, fileName?: string): string {
  const place = [fileName, line, column].filter((part) => part !== undefined).join(':')
  const subject = path.length === 0 ? 'the configuration' : formatPath(path)
  return printable(`${place === '' ? '' : `${place}: `}${subject} ${message}`)
}

/** Makes one error of all mistakes: the first is its message, and the hint lists the others. */
export function problemsError(problems: readonly Problem[], fileName?: string): ConfigurationError {
  const [first, ...others] = problems.map((problem) => formatProblem(problem, fileName))
  const counted = others.length === 0 ? '' : ` (and ${others.length} more)`
  return new ConfigurationError(`gateway: ${first}${counted}`, {
    ...(others.length > 0 && { hint: ['Mend these too:', ...others].join('\n') }),
  })
}
