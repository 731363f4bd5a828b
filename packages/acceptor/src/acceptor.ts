import type { Keytab, OptionTableOf, Ticket } from '@s4u/krb5'
import { ACCEPT_CONTEXT, type AcceptContext } from './ap-req/accept-ap-req.js'
import type { AuthenticationMethod } from './identity/identity-claims.js'
import type { Identity } from './identity/identity.js'
import type { AcceptOutcome, PendingNegotiation } from './negotiation/accept-outcome.js'
import type { ExpectedTicket } from './ticket/expected-ticket.js'

/** The service's side of sign-on. One acceptor serves any number of requests at the same time. */
export interface Acceptor extends Disposable {
  /**
   * Checks one token of a client and resolves to the outcome: the caller's identity, a request for
   * another token, or a refusal. A refusal is a value; the promise does not reject for anything
   * that a peer sends.
   *
   * @param token the octets behind `Authorization: Negotiate`, decoded from base64
   * @throws ConfigurationError when `negotiation` belongs to another acceptor
   *
   * @example
   * ```ts
   * import { createAcceptor } from '@s4u/acceptor'
   *
   * using acceptor = createAcceptor({ keytab: 'web.keytab' })
   *
   * export async function callerOf(token: Uint8Array): Promise<string | undefined> {
   *   const outcome = await acceptor.accept(token, { clientAddress: '10.0.0.7' })
   *   if (outcome.status === 'refused') console.warn(outcome.error.code, outcome.error.hint)
   *   return outcome.status === 'accepted' ? outcome.identity.principal : undefined
   * }
   * ```
   */
  accept(token: Uint8Array, context?: AcceptOptions): Promise<AcceptOutcome>
  /**
   * Resolves to the identity in a ticket that the service has asked the KDC for, in a user's name
   * (S4U2Self). The ticket's keys, times and PAC are checked as for any ticket, and compared with
   * `expected`. Only the app knows whether the user is present: a KDC does not.
   *
   * @throws RejectedTokenError, MissingKeyError, MalformedTokenError
   */
  identify(ticket: Ticket, authenticationMethod: AuthenticationMethod, expected?: ExpectedTicket): Promise<Identity>
  /**
   * Reads the keytab again where it has changed, and resolves to its present contents: for signing
   * in to a KDC with it.
   * @throws ConfigurationError, MissingKeyError when there are no keys yet
   */
  reloadKeytab(): Promise<Keytab>
  /** @deprecated Since 0.2: call `reloadKeytab`. */
  keytab(): Promise<Keytab>
  /**
   * The keytab in use, without a look for changes: see `reloadKeytab`. Undefined until a keytab
   * provider has answered.
   */
  readonly currentKeytab: Keytab | undefined
  /** Resolves when the keys are there. @throws ConfigurationError, MissingKeyError */
  ready(): Promise<void>
  /**
   * The service names that are accepted now: `HTTP/web.ad.test@AD.TEST`. Empty until a keytab
   * provider has answered.
   */
  readonly principals: readonly string[]
  /**
   * Returns the SID of the service's account in a realm, for audit records. Undefined until a
   * ticket of the service for itself has shown the SID, and outside Active Directory.
   */
  accountSid(realm: string): string | undefined
  /** Forgets opened tickets. Tokens that come later are refused (`S4U_CLOSED`). */
  close(): void
}

/** What the caller of `accept` knows about the request, and the negotiation that it continues. */
export type AcceptOptions = AcceptContext & {
  /** The `negotiation` of an earlier `continue` outcome of the same client. */
  readonly negotiation?: PendingNegotiation
}

/** Every name in AcceptOptions; others are refused. */
export const ACCEPT_OPTIONS = {
  ...ACCEPT_CONTEXT,
  negotiation: 'value',
} as const satisfies OptionTableOf<AcceptOptions>
