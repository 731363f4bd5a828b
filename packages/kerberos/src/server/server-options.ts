import { ACCEPTOR_OPTIONS, type AcceptorOptions } from '@s4u/acceptor'

/**
 * The options of `initializeServer`, which npm `kerberos` does not have: those of an acceptor, such
 * as `keytab`, `channelBinding` and `domainSids`. `service` is the first argument.
 */
export type InitializeServerOptions = Omit<AcceptorOptions, 'service' | 'ticketCacheSize'>

const { service: _service, ticketCacheSize: _ticketCacheSize, ...rest } = ACCEPTOR_OPTIONS

/** Every name in InitializeServerOptions; others are refused. */
export const SERVER_OPTIONS = rest
