/** The names of 0.1 for delegation plans. They work in 0.2. */

import { type DelegationInputs, type DelegationMethod, type DelegationPlan, planDelegation } from './delegation-plan.js'

/** @deprecated Use `DelegationInputs`. */
export type Grounds = DelegationInputs

/** @deprecated Use `DelegationMethod`. */
export type Way = DelegationMethod

/** @deprecated Use `MethodChoice`, with `method`, `usable` and `reason`. */
export interface Rung {
  readonly way: DelegationMethod
  readonly possible: boolean
  readonly because: string
}

/** @deprecated Use `DelegationPlan`, with `method` and `choices`. */
export interface Plan {
  readonly way: DelegationMethod | undefined
  readonly rungs: readonly Rung[]
}

/**
 * Returns a delegation plan under the names of 0.1.
 *
 * @deprecated Use `planDelegation`.
 * @throws ConfigurationError for inputs that are no object
 *
 * @example
 * ```ts
 * import { chooseEvidence } from '@s4u/kdc-client'
 *
 * const { way, rungs } = chooseEvidence({ user: 'alice@AD.TEST' }, Date.now())
 * console.log(way, rungs)
 * ```
 */
export function chooseEvidence(inputs: DelegationInputs, now: number): Plan {
  return underEarlierNames(planDelegation(inputs, now))
}

export function underEarlierNames({ method, choices }: DelegationPlan): Plan {
  return {
    way: method,
    rungs: choices.map((choice) => ({ way: choice.method, possible: choice.usable, because: choice.reason })),
  }
}
