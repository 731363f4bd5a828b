import {
  closeOptions,
  ConfigurationError,
  type Gate,
  groupGate,
  type ImpersonationOption,
  type Mode,
  type Negotiator,
  type OptionTableOf,
} from '@s4u/negotiate'

/** What a route says of its callers: `config: { negotiate: { mode: 'optional' } }`. */
export interface RouteRules {
  /** The mode of this route. Default: that of `negotiate`. */
  readonly mode?: Mode
  /** SIDs, or `CORP\Sales` with the option `directory`: as in `requireGroup`. Default: no check. */
  readonly groups?: string | readonly string[]
  /** How the handler impersonates, as in `impersonation`. Default: as the app says. */
  readonly impersonation?: ImpersonationOption
}

/** The rules of a route, as its requests are judged by them. */
export interface JudgedRules {
  readonly mode: Mode | undefined
  readonly gates: readonly Gate[]
}

const RULES = { mode: 'value', groups: 'value', impersonation: 'value' } as const satisfies OptionTableOf<RouteRules>

const MODES: readonly unknown[] = ['required', 'optional', 'off'] satisfies readonly Mode[]

/**
 * Returns what a route says of its callers.
 * @throws ConfigurationError for names, modes, groups and values that do not exist, and for `mode:
 * 'off'` beside a rule that needs a caller
 */
export function readRouteRules(given: RouteRules | undefined, negotiator: Negotiator): JudgedRules {
  if (given === undefined) return NO_RULES
  const { mode, groups, impersonation } = closeOptions('config.negotiate', given, RULES)
  if (mode !== undefined && !MODES.includes(mode))
    throw new ConfigurationError('config.negotiate: mode must be required, optional or off')
  if (mode === 'off' && (groups !== undefined || impersonation === 'required'))
    throw new ConfigurationError('config.negotiate: mode off knows no caller, and the route requires one', {
      hint: 'Remove mode, or remove groups and impersonation.',
    })
  const gates: Gate[] = []
  if (groups !== undefined) gates.push(groupGate(groups))
  if (impersonation !== undefined) gates.push(negotiator.impersonation(impersonation))
  return { mode, gates }
}

const NO_RULES: JudgedRules = { mode: undefined, gates: [] }
