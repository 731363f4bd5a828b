import type { ImpersonationLevel } from '@s4u/acceptor'
import type { DelegationMethod, DelegationPlan } from '@s4u/kdc-client'

/**
 * The method by which a ticket for a service would be asked for (`method`), and of each method why
 * it can or cannot be used (`choices`).
 */
export interface ImpersonationPlan extends DelegationPlan {
  /** The service, as it was asked about: `HTTP/api.ad.test`. */
  readonly target: string
  readonly level: ImpersonationLevel
  /** @deprecated Since 0.2: read `method`. */
  readonly way: DelegationMethod | undefined
  /** @deprecated Since 0.2: read `choices`. */
  readonly rungs: readonly { readonly way: DelegationMethod; readonly possible: boolean; readonly because: string }[]
}

/** Returns a plan under the new names and the old ones. */
export function planOf(
  target: string,
  level: ImpersonationLevel,
  { method, choices }: DelegationPlan,
): ImpersonationPlan {
  const rungs = choices.map(({ method: way, usable: possible, reason: because }) => ({ way, possible, because }))
  return { target, level, method, choices, way: method, rungs }
}
