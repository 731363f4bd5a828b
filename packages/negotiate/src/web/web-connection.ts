import { X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import { ConfigurationError, type OptionTableOf, requireKnownOptions, shownInput } from '@s4u/kdc-client'

/** What a runtime knows of the connection of a web-standard Request, which does not tell it. */
export interface WebConnection {
  /**
   * The address of the other end of the connection: `server.requestIP(request).address` in Bun,
   * `info.remoteAddr.hostname` in Deno. Default: not known. Example: `192.0.2.7`.
   */
  readonly clientAddress?: string
  /**
   * The certificate of the client (DER), which the server of the runtime has asked for, for
   * `certificate()` of `@s4u/sign-in`: it verifies the chain, and the server that the client has
   * the key. `null` where the client showed none. A certificate in a header is not this: every
   * client can write one. Default: not known. Example:
   * `socket.getPeerX509Certificate()?.raw ?? null`.
   */
  readonly peerCertificate?: Uint8Array | null
  /**
   * The connection: the same object for all requests on it, and for no other. On Node it is the
   * socket (`c.env.incoming.socket` in Hono), which also has the address and TLS. Negotiations of
   * several legs and `session: 'connection'` need it. Default: not known; then a client that needs
   * several legs is refused.
   */
  readonly socket?: object
}

/** Every name in WebConnection; others are refused. */
export const WEB_CONNECTION = {
  clientAddress: 'value',
  peerCertificate: 'value',
  socket: 'value',
} as const satisfies OptionTableOf<WebConnection>

/** @throws ConfigurationError */
export function checkedWebConnection({ clientAddress, peerCertificate, socket }: WebConnection): WebConnection {
  if (clientAddress !== undefined && (typeof clientAddress !== 'string' || isIP(clientAddress) === 0))
    throw wrong('clientAddress', 'an IP address', clientAddress, "Write '192.0.2.7' or '2001:db8::7', without a port.")
  if (socket !== undefined && (typeof socket !== 'object' || socket === null))
    throw wrong('socket', 'the object of a connection', socket, 'Leave it out where the runtime has none.')
  if (peerCertificate !== undefined && peerCertificate !== null) requireCertificate(peerCertificate)
  return { clientAddress, peerCertificate, socket }
}

/** Returns the connection of one call. @throws ConfigurationError */
export function webConnectionOf(method: string, given: WebConnection | undefined): WebConnection {
  return checkedWebConnection(requireKnownOptions(method, given, WEB_CONNECTION))
}

function requireCertificate(octets: unknown): void {
  try {
    if (octets instanceof Uint8Array && new X509Certificate(octets).raw.length === octets.length) return
  } catch {
    // Told below.
  }
  const hint = 'Give the octets (DER), such as socket.getPeerX509Certificate().raw.'
  throw wrong('peerCertificate', 'an X.509 certificate in DER', octets, hint)
}

function wrong(name: string, wanted: string, found: unknown, hint: string): ConfigurationError {
  return new ConfigurationError(`${name} must be ${wanted}, and not ${shownInput(found)}`, { hint })
}
