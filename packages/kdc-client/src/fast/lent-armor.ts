import { ConfigurationError, MissingKeyError, RejectedTokenError, type S4uError } from '@s4u/krb5'
import { KdcError } from '../errors/kdc-errors.js'
import type { ArmorSource, SignInArmor } from './sign-in-armor.js'

export interface LentArmor {
  readonly source: ArmorSource
  /** The app has named the armor: when it cannot be had, that is an error, and no reason to go without. */
  readonly isNamed: boolean
}

/** With a ticket of somebody else: of the machine, or of the service to which a user signs in. */
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
      // The KDC has told it meanwhile, when the armor itself was asked for.
      return realms.of(realm).offer === 'none' && !isRequired ? undefined : ticket
    },
    inPlaceOf: (refused, signal) => source.inPlaceOf(refused, signal),
    // Who signs in knows the key of the reply, and could have written one that says anything; but
    // not in an armor that is another's.
    learn: (realm, facts, isArmored) => (isArmored ? realms.note(realm, facts) : undefined),
  }
}

type Refusal = KdcError | RejectedTokenError | MissingKeyError | ConfigurationError

export function isRefusal(error: unknown): error is Refusal {
  return [KdcError, RejectedTokenError, MissingKeyError, ConfigurationError].some((kind) => error instanceof kind)
}

/** It is not the fault of who signs in, and must not be told as such. */
export function noArmor({ account }: ArmorSource, cause: Refusal): S4uError {
  return new ConfigurationError(`there is no armor, which ${account} is to give: ${cause.message}`, {
    code: cause.code,
    ...(cause.hint !== undefined && { hint: cause.hint }),
    status: 500,
    cause,
  })
}
