import { ConfigurationError } from '../errors/errors.js'
import { shownInput } from '../errors/shown-input.js'

/**
 * Where lines for people go: `console`, a logger of pino or winston, or an object of one's own. Each call brings one text, in which
 * there is no secret. `debug` is routine (each ticket, each caller), `info` is rare (a keytab was read again), `warn` is a refusal,
 * `error` is for the operator to mend.
 *
 *     negotiate({ keytab: 'web.keytab', logger: pino() })
 */
export interface Logger {
  debug(text: string): void
  info(text: string): void
  warn(text: string): void
  error(text: string): void
}

export type LogLevel = keyof Logger

const LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error']

/** @throws ConfigurationError when a method is missing, which only the first line of its level would show */
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
