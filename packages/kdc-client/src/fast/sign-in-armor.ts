import { ConfigurationError, MissingKeyError, RejectedTokenError, S4uError } from '@s4u/krb5'
import { KdcError } from '../errors.js'
import type { ServiceTicket } from '../service-ticket.js'
import type { ArmorSource } from './armor-source.js'
import type { FastFacts, FastRealms } from './fast-realms.js'

/** What armors a sign-in, and what becomes of it where a KDC does not go along. */
export interface SignInArmor {
  readonly realms: FastRealms
  /** A sign-in goes in armor or not at all. */
  readonly isRequired: boolean
  /**
   * Whether it may go without in the end, although the KDCs of the realm are known to take armored
   * requests: only where what is shown then is of no use to who listens.
   */
  readonly mayFallBack: boolean
  /** A ticket-granting ticket for the KDCs of the realm. Undefined where there is none, or no use of it. */
  ticketFor(realm: string, signal: AbortSignal | undefined): Promise<ServiceTicket | undefined>
  /** Another one, in place of one that a KDC has answered in the clear to. */
  inPlaceOf(refused: ServiceTicket, signal: AbortSignal | undefined): Promise<ServiceTicket | undefined>
  /** What the reply has shown of the realm's KDCs. */
  learn(realm: string, facts: FastFacts, isArmored: boolean): void
}

export interface LentArmor {
  readonly source: ArmorSource
  readonly isRequired: boolean
  /** The app has named the armor: when it cannot be had, that is an error, and no reason to go without. */
  readonly isNamed: boolean
}

/** With a ticket of somebody else: of the machine, or of the service to which a user signs in. */
export function lentArmor({ source, isRequired, isNamed }: LentArmor): SignInArmor {
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

function isRefusal(error: unknown): error is Refusal {
  return [KdcError, RejectedTokenError, MissingKeyError, ConfigurationError].some((kind) => error instanceof kind)
}

/** It is not the fault of who signs in, and must not be told as such. */
function noArmor({ account }: ArmorSource, cause: Refusal): S4uError {
  return new ConfigurationError(`there is no armor for the sign-in, which ${account} is to give: ${cause.message}`, {
    code: cause.code,
    ...(cause.hint !== undefined && { hint: cause.hint }),
    status: 500,
    cause,
  })
}
