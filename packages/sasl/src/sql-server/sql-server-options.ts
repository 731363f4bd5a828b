import type { ChannelBindings } from '@s4u/gssapi'
import type { TLSSocket } from 'node:tls'
import type { ContextSource } from '../caller.js'

/** Options of `sqlServerAs`. */
export interface SqlServerOptions {
  /** As whom to connect: an impersonation, or what `ConnectionsPerIdentity` gives to `open`. */
  readonly as: ContextSource
  /**
   * The service principal name of a server, which is called with the host and the port that are
   * connected to, also where a server sends the client on. Default: `MSSQLSvc/HOST:PORT`.
   */
  readonly service?: (host: string, port: number) => string
  /**
   * The channel bindings of a connection, for servers with Extended Protection. Default: none,
   * which such a server refuses.
   */
  readonly channelBindings?: (socket: TLSSocket) => ChannelBindings | Uint8Array | undefined
}
