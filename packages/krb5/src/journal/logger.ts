import { ConfigurationError } from '../errors/errors.js'
import { shownInput } from '../errors/shown-input.js'

/**
 * Where lines for people go: `console`, a logger of pino or winston, or an object with these four
 * methods. Each call passes one text, which contains no secret.
 *
 * - `debug`: routine, such as each ticket and each caller
 * - `info`: rare events, such as a keytab that was read again
 * - `warn`: refusals
 * - `error`: something that the operator must repair
 *
 * @example
 * ```ts
 * import type { Logger } from '@s4u/krb5'
 *
 * export const logger: Logger = console
 * ```
 */
export interface Logger {
  debug(text: string): void
  info(text: string): void
  warn(text: string): void
  error(text: string): void
}

/** The levels of a logger. */
export type LogLevel = keyof Logger

const LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error']

/**
 * Throws if a value is not a logger. Otherwise a missing method would show only with the first line
 * of its level.
 *
 * @throws ConfigurationError
 *
 * @example
 * ```ts
 * import { type Logger, requireLogger } from '@s4u/krb5'
 *
 * export function start({ logger }: { readonly logger?: Logger }): void {
 *   requireLogger(logger)
 *   logger?.info('started')
 * }
 * ```
 */
export function requireLogger(logger: unknown): asserts logger is Logger | undefined {
  if (logger === undefined) return
  const isObject = (typeof logger === 'object' && logger !== null) || typeof logger === 'function'
  const missing = isObject ? LEVELS.filter((level) => typeof Reflect.get(logger, level) !== 'function') : LEVELS
  if (missing.length === 0) return
  const found = isObject ? `an object without ${missing.join(', ')}` : shownInput(logger)
  throw new ConfigurationError(`logger must have the methods ${LEVELS.join(', ')}, and is ${found}`, {
    hint: 'Write logger: console, or give the logger of pino or winston.',
  })
}
