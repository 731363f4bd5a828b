import { ConfigurationError, RejectedTokenError, S4uError } from '@s4u/krb5'
import type { Caller, ContextSource } from '../caller.js'

/** With which services a context may be begun. */
export interface PermittedServices {
  readonly service: string
  readonly alsoServices?: (spn: string) => boolean
}

/**
 * Acts as one user through whichever caller uses the connections now. A driver may open a
 * connection at any time, and the caller for whom the first was opened may have ended long before.
 */
export function actingFor(
  { service, alsoServices }: PermittedServices,
  users: readonly Caller[],
  principal: string,
): ContextSource {
  return {
    principal,
    contextFor: async (spn, options) => {
      if (spn !== service && alsoServices?.(spn) !== true)
        throw new ConfigurationError(`these connections are to ${service}, and a context with ${spn} was asked for`, {
          hint: 'Give the service principal name of the server that the driver connects to as service.',
        })
      for (const caller of users.toReversed()) {
        try {
          return await caller.contextFor(spn, options)
        } catch (error) {
          // It has ended although its work goes on. Another one acts as the same user.
          if (!S4uError.is(error) || error.code !== 'GSS_S_NO_CONTEXT') throw error
        }
      }
      throw new RejectedTokenError(`a connection to ${service} was opened while no caller used it`, {
        code: 'GSS_S_NO_CONTEXT',
        status: 500,
        hint: 'Let the driver open connections for queries only, and none in advance (a minimum of 0).',
      })
    },
  }
}
