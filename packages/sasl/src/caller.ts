import type { ChannelBindings, Initiator, ServiceCredential } from '@s4u/gssapi'

/** How a context is to begin. */
export interface CallerContextOptions {
  /** `krb5` for tokens without SPNEGO. */
  readonly framing?: 'spnego' | 'krb5'
  /** Bits of `ContextFlag`. */
  readonly flags?: number
  readonly channelBindings?: ChannelBindings | Uint8Array
  readonly signal?: AbortSignal
}

/** What starts a context with a service as one user. */
export interface ContextSource {
  /** The user: `alice@AD.TEST`. */
  readonly principal: string
  contextFor(spn: string, options?: CallerContextOptions): Promise<Initiator>
}

/**
 * As whom a connection is opened. An `Impersonation` of @s4u/negotiate is one:
 * `identity.impersonate()`.
 */
export interface Caller extends ContextSource {
  ticketFor(spn: string): Promise<ServiceCredential>
}
