import { ConfigurationError, shownInput } from '@s4u/kdc-client'

/**
 * Whether callers must be known: `required` answers 401 to others, `optional` lets them pass, `off`
 * looks at no token.
 */
export type Mode = 'required' | 'optional' | 'off'

const MODES: readonly Mode[] = ['required', 'optional', 'off']

/**
 * @throws ConfigurationError for what is no mode, also for a promise: a function that gives the
 * mode of a request must answer at once
 */
export function requireMode(mode: Mode): void {
  if (MODES.includes(mode)) return
  const found = typeof mode === 'string' ? shownInput(mode) : `a value of type ${typeof mode}`
  throw new ConfigurationError(`mode must be one of ${MODES.join(', ')}, not ${found}`)
}
