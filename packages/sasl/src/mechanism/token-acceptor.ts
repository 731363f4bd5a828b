import type { SecurityContext } from '@s4u/gssapi'
import type { S4uError } from '@s4u/krb5'

/** A negotiation that waits for another token of the same client. */
export interface PendingToken {
  readonly expiresAt: number
}

/** What an acceptor is told of a connection. */
export interface AcceptContext {
  readonly clientAddress?: string
  readonly channelBindings?: Uint8Array | readonly Uint8Array[]
  readonly negotiation?: PendingToken
}

/** What an acceptor returns for a token that it accepts: the caller and the context. */
export interface AcceptedToken<I> {
  readonly status: 'accepted'
  readonly identity: I
  readonly reply?: Uint8Array
  readonly context: SecurityContext
}

/** What the acceptor of @s4u/acceptor does: it checks one token. */
export interface TokenAcceptor<I> {
  accept(
    token: Uint8Array,
    context?: AcceptContext,
  ): Promise<
    | AcceptedToken<I>
    | { readonly status: 'continue'; readonly reply: Uint8Array; readonly negotiation: PendingToken }
    | { readonly status: 'refused'; readonly error: S4uError; readonly reply?: Uint8Array }
  >
}
