import type { Initiator } from '@s4u/gssapi'
import { isIP, type Socket } from 'node:net'
import { connect as connectTls, type ConnectionOptions } from 'node:tls'
import { HandshakeReader } from '../layer/handshake-reader.js'
import { AuthenticationPhase } from './authentication-phase.js'
import { endedByServer, requireYes } from './encryption-answer.js'
import { openGssEncryption, type PostgresChannel } from './gss-encryption.js'

export interface OpenedChannel {
  readonly socket: Socket
  readonly channel: PostgresChannel
  readonly authentication: AuthenticationPhase
}

export interface ChannelRequest {
  readonly encryption: 'gss' | 'tls' | 'none'
  readonly tls: ConnectionOptions
  readonly host: string
  readonly spn: string
  readonly initiator: Initiator
  readonly signal: AbortSignal
}

const SSL_REQUEST = Buffer.from('0000000804d2162f', 'hex')
const CLEAR: PostgresChannel = { seal: (data) => data, open: (chunk) => [chunk] }

/**
 * Brings a connection to where the driver's first message can be sent. Source: PostgreSQL
 * documentation, "Message Flow", sections "GSSAPI Session Encryption" and "SSL Session Encryption".
 * @throws RejectedTokenError, MalformedTokenError
 */
export async function openChannel(socket: Socket, request: ChannelRequest): Promise<OpenedChannel> {
  const { encryption, spn, initiator } = request
  if (encryption === 'gss') {
    const channel = await openGssEncryption(socket, spn, initiator)
    return { socket, channel, authentication: new AuthenticationPhase(spn) }
  }
  const secured = encryption === 'tls' ? await openTls(socket, request) : socket
  return { socket: secured, channel: CLEAR, authentication: new AuthenticationPhase(spn, initiator) }
}

async function openTls(plain: Socket, { spn, host, tls, signal }: ChannelRequest): Promise<Socket> {
  const reader = new HandshakeReader(plain, () => endedByServer(spn))
  plain.write(SSL_REQUEST)
  await requireYes(reader, { yes: 'S', what: 'TLS', spn })
  reader.release()
  const socket = connectTls({ host, ...(isIP(host) === 0 && { servername: host }), ...tls, socket: plain })
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject).once('secureConnect', () => {
      socket.off('error', reject)
      resolve()
    })
    signal.addEventListener('abort', () => socket.destroy(), { once: true })
  })
  return socket
}
