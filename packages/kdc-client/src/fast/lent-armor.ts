import { ConfigurationError, MissingKeyError, RejectedTokenError, type S4uError } from '@s4u/krb5'
import { KdcError } from '../errors/kdc-errors.js'
import type { ArmorSource, SignInArmor } from './sign-in-armor.js'

export interface LentArmor {
  readonly source: ArmorSource
  /**
   * True if the app has named the armor. Then it is an error if the armor cannot be got, and no
   * reason to go without.
   */
  readonly isNamed: boolean
}

/**
 * Makes the armor of a sign-in from a ticket of somebody else: of the machine, or of the service at
 * which a user signs in.
 */
export function lentArmor({ source, isNamed }: LentArmor, isRequired: boolean): SignInArmor {
  const { realms } = source
  return {
    realms,
    isRequired,
    mayFallBack: false,
    async ticketFor(realm, signal) {
      const ticket = await source.ticketFor(realm, signal).catch((error: unknown) => {
        const isNeeded = isNamed || isRequired || realms.of(realm).offer === 'sealed'
        if (!isRefusal(error)) throw error
        if (isNeeded) throw noArmor(source, error)
        return undefined
      })
      // The KDC may have said so meanwhile, when the ticket for the armor was requested.
      return realms.of(realm).offer === 'none' && !isRequired ? undefined : ticket
    },
    inPlaceOf: (refused, signal) => source.inPlaceOf(refused, signal),
    // The user who signs in knows the key of the reply, and could have written a reply that says
    // anything. With an armor that is somebody else's, the user cannot.
    learn: (realm, facts, isArmored) => (isArmored ? realms.note(realm, facts) : undefined),
  }
}

type Refusal = KdcError | RejectedTokenError | MissingKeyError | ConfigurationError

export function isRefusal(error: unknown): error is Refusal {
  return [KdcError, RejectedTokenError, MissingKeyError, ConfigurationError].some((kind) => error instanceof kind)
}

/**
 * Makes the error for an armor that cannot be got. It is not the fault of the user who signs in,
 * and must not look like it.
 */
export function noArmor({ account }: ArmorSource, cause: Refusal): S4uError {
  return new ConfigurationError(`there is no armor, which ${account} is to give: ${cause.message}`, {
    code: cause.code,
    ...(cause.hint !== undefined && { hint: cause.hint }),
    status: 500,
    cause,
  })
}
