import { ConfigurationError, type OptionTableOf, requireKnownOptions } from '@s4u/krb5'
import { isIP } from 'node:net'
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from 'node:tls'
import type { ContextSource } from '../caller.js'
import { timedOut } from '../layer/handshake-reader.js'
import { signInToImap } from './imap-sign-in.js'

/** Options of `imapTransport`. */
export interface ImapTransportOptions {
  /** As whom to connect: an impersonation, or what `ConnectionsPerIdentity` gives to `open`. */
  readonly as: ContextSource
  /** The service principal name. Default: `imap/` and the host that the client connects to. */
  readonly service?: string
  /** How long connecting and signing in may take, in milliseconds. Default: 10,000. */
  readonly timeLimit?: number
}

/** Every name in ImapTransportOptions; others are refused. */
export const IMAP_TRANSPORT_OPTIONS = {
  as: 'value',
  service: 'value',
  timeLimit: 'value',
} as const satisfies OptionTableOf<ImapTransportOptions>

/** What npm's `imapflow` says of the connection that it wants. */
export interface ImapConnectionRequest {
  readonly host: string
  readonly port: number
  readonly servername?: string | undefined
  /** The option `tls` of the client. */
  readonly tls?: ConnectionOptions | undefined
  readonly secure: boolean
}

/** The option `transport` of imapflow: opens a connection that is signed in already. */
export interface ImapTransport {
  connect(request: ImapConnectionRequest, onConnect: () => void): TLSSocket
}

/** Milliseconds, as for the handshake with a database. */
const TIME_LIMIT = 10_000

/**
 * Returns the option `transport` of npm's `imapflow`: it connects with TLS, signs in with the
 * caller's ticket (AUTHENTICATE GSSAPI), and hands the client a connection that is signed in
 * (PREAUTH). It fails with typed errors, with which `connect()` of the client rejects.
 * @throws ConfigurationError
 * @example
 * ```ts
 * import { type ContextSource, imapTransport } from '@s4u/sasl'
 *
 * export const optionsFor = (caller: ContextSource) => ({
 *   host: 'mail.ad.test',
 *   port: 993,
 *   secure: true,
 *   transport: imapTransport({ as: caller }),
 * })
 * ```
 */
export function imapTransport(given: ImapTransportOptions): ImapTransport {
  const options = requireKnownOptions('imapTransport', given, IMAP_TRANSPORT_OPTIONS)
  const { as, service, timeLimit = TIME_LIMIT } = options
  if (typeof as?.contextFor !== 'function')
    throw new ConfigurationError('imapTransport: as is missing', {
      hint: 'Give the impersonation of the caller: imapTransport({ as: identity.impersonate() }).',
    })
  if (!(timeLimit > 0))
    throw new ConfigurationError('imapTransport: timeLimit must be a number of milliseconds above 0')
  return {
    connect(request, onConnect) {
      const spn = service ?? spnOf(request)
      const socket = connectSecured(request)
      const timer = setTimeout(() => socket.destroy(timedOut(spn, timeLimit)), timeLimit)
      signInToImap(socket, as, spn)
        .then(onConnect, (error: Error) => socket.destroy(error))
        .finally(() => clearTimeout(timer))
      return socket
    },
  }
}

function connectSecured({ host, port, servername, tls, secure }: ImapConnectionRequest): TLSSocket {
  if (!secure)
    throw new ConfigurationError('IMAP as the caller needs TLS from the first octet', {
      hint: 'Give secure: true and port: 993 to the client, and let the server listen there (imaps).',
    })
  const name = servername ?? (isIP(host) === 0 ? host : undefined)
  return connectTls({ host, port, ...(name !== undefined && { servername: name }), ...tls })
}

function spnOf({ host }: ImapConnectionRequest): string {
  if (isIP(host) === 0) return `imap/${host}`
  throw new ConfigurationError('an address of the network has no service principal name', {
    hint: "Connect to the host name of the server, or give service: 'imap/mail.ad.test'.",
  })
}
