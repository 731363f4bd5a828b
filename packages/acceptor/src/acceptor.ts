import type { Keytab, OptionTableOf, Ticket } from '@s4u/krb5'
import { ACCEPT_CONTEXT, type AcceptContext } from './ap-req/accept-ap-req.js'
import type { AuthenticationMethod } from './identity/identity-claims.js'
import type { Identity } from './identity/identity.js'
import type { AcceptOutcome, PendingNegotiation } from './negotiation/accept-outcome.js'
import type { ExpectedTicket } from './ticket/expected-ticket.js'

/** The service's side of sign-on. Safe for any number of requests at once. */
export interface Acceptor extends Disposable {
  /**
   * One leg: the client's token in, the verdict out. Never rejects for what a peer sends.
   * @throws ConfigurationError when `negotiation` is not one of this acceptor's
   */
  accept(token: Uint8Array, context?: AcceptOptions): Promise<AcceptOutcome>
  /**
   * The identity in a ticket to this service that the service itself asked the KDC for (S4U2Self).
   * Keys, times and PAC are judged as always, and compared with what was asked for; that the user
   * is present is the app's word.
   * @throws RejectedTokenError, MissingKeyError, MalformedTokenError
   */
  identify(ticket: Ticket, authenticationMethod: AuthenticationMethod, expected?: ExpectedTicket): Promise<Identity>
  /**
   * Reads the keytab again where it has changed, and resolves to what it is now: for signing in to
   * a KDC with it. @throws as `ready`
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
   * The names that are accepted now: `HTTP/web.ad.test@AD.TEST`. Empty before a provider has given
   * its keytab.
   */
  readonly principals: readonly string[]
  /**
   * The SID of the service's account in a realm, where a ticket of its own has told it: for audits.
   * Undefined before, and outside Active Directory.
   */
  accountSid(realm: string): string | undefined
  /** Forgets opened tickets. Later tokens are refused. */
  close(): void
}

export type AcceptOptions = AcceptContext & { readonly negotiation?: PendingNegotiation }

/** Every name in AcceptOptions; others are refused. */
export const ACCEPT_OPTIONS = {
  ...ACCEPT_CONTEXT,
  negotiation: 'value',
} as const satisfies OptionTableOf<AcceptOptions>
