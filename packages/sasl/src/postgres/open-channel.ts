import { ContextFlag, type Initiator, type InitiatorStep, type SecurityContext } from '@s4u/gssapi'
import { MalformedTokenError, RejectedTokenError } from '@s4u/krb5'
import { isIP, type Socket } from 'node:net'
import { connect as connectTls, type ConnectionOptions } from 'node:tls'
import { ProtectedMessages } from '../layer/protected-messages.js'
import { AuthenticationPhase } from './authentication-phase.js'
import { HandshakeReader } from '../layer/handshake-reader.js'

/** What is done to the octets on the way. */
export interface PostgresChannel {
  seal(data: Uint8Array): Uint8Array
  open(chunk: Uint8Array): Uint8Array[]
}

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

/**
 * A packet has 16,384 octets at most in both directions, of which four are its length. A longer one
 * ends the connection without a word. Source: PQ_GSS_MAX_PACKET_SIZE of PostgreSQL.
 */
const MAX_PACKET_TOKEN = 16_380

/** The longest token of the handshake, which servers since 2024 take too. Octets. */
const MAX_HANDSHAKE_TOKEN = 65_532

const GSSENC_REQUEST = Buffer.from('0000000804d21630', 'hex')
const SSL_REQUEST = Buffer.from('0000000804d2162f', 'hex')
const CLEAR: PostgresChannel = { seal: (data) => data, open: (chunk) => [chunk] }

/**
 * Brings a connection to where the driver's first message can be sent. Source: PostgreSQL
 * documentation, "Message Flow", sections "GSSAPI Session Encryption" and "SSL Session Encryption".
 * @throws RejectedTokenError, MalformedTokenError
 */
export async function openChannel(socket: Socket, request: ChannelRequest): Promise<OpenedChannel> {
  if (request.encryption === 'gss') return openGss(socket, request)
  const secured = request.encryption === 'tls' ? await openTls(socket, request) : socket
  return { socket: secured, channel: CLEAR, authentication: new AuthenticationPhase(request.spn, request.initiator) }
}

async function openGss(socket: Socket, { spn, initiator }: ChannelRequest): Promise<OpenedChannel> {
  const reader = new HandshakeReader(socket, () => endedByServer(spn))
  socket.write(GSSENC_REQUEST)
  await requireYes(reader, { yes: 'G', what: 'encryption with GSS-API', spn })
  socket.write(sized(initiator.token))
  const context = await agree(initiator, reader, (token) => socket.write(sized(token)))
  // The server speaks after the driver's first message only.
  refuseStuffing(reader, spn)
  reader.release()
  const terms = { peerMaxOctets: MAX_PACKET_TOKEN, maxOctets: MAX_PACKET_TOKEN }
  const messages = new ProtectedMessages(requireEncryption(context), 'confidentiality', terms)
  return {
    socket,
    channel: { seal: (data) => messages.wrap(data), open: (chunk) => [messages.unwrap(chunk)] },
    authentication: new AuthenticationPhase(spn),
  }
}

async function agree(
  initiator: Initiator,
  reader: HandshakeReader,
  send: (token: Uint8Array) => unknown,
): Promise<SecurityContext> {
  const next = async (): Promise<Uint8Array> => {
    const head = await reader.read(4)
    const length = new DataView(head.buffer, head.byteOffset).getUint32(0)
    if (length === 0 || length > MAX_HANDSHAKE_TOKEN)
      throw new MalformedTokenError({
        path: 'PostgreSQL.GSS token',
        expected: `1 to ${MAX_HANDSHAKE_TOKEN} octets`,
        found: `${length}`,
        status: 502,
      })
    return reader.read(length)
  }
  let step: InitiatorStep = initiator.step(await next())
  for (;;) {
    if (step.token !== undefined) send(step.token)
    if (step.status === 'established') return step.context
    step = step.step(await next())
  }
}

function requireEncryption(context: SecurityContext): SecurityContext {
  const needed = ContextFlag.MUTUAL | ContextFlag.CONF | ContextFlag.SEQUENCE
  if ((context.flags & needed) === needed) return context
  throw new RejectedTokenError('the context does not encrypt, or the server was not asked to prove itself', {
    code: 'GSS_S_BAD_QOP',
    status: 500,
    hint: 'Give the impersonation itself as `as`, and not a contextFor with options of its own.',
  })
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

interface Question {
  readonly yes: string
  readonly what: string
  readonly spn: string
}

/** Reads the one octet that answers. Text behind an `E` comes from nobody that is proven. */
async function requireYes(reader: HandshakeReader, { yes, what, spn }: Question): Promise<void> {
  const answer = String.fromCharCode((await reader.read(1))[0])
  if (answer === yes) return refuseStuffing(reader, spn)
  throw new RejectedTokenError(`${spn} does not offer ${what}`, {
    code: 'GSS_S_UNAVAILABLE',
    status: 502,
    hint:
      yes === 'G'
        ? "Let the server encrypt with GSS-API (its build needs --with-gssapi, krb_server_keyfile a keytab), or use encryption: 'tls'."
        : 'Let the server have a certificate: ssl = on in postgresql.conf.',
  })
}

/** CVE-2021-23222: what comes in clear text must not be read as if it had been encrypted. */
function refuseStuffing(reader: HandshakeReader, spn: string): void {
  if (reader.pending === 0) return
  throw new RejectedTokenError(`${spn} sent more in clear text than the answer that ends it`, {
    code: 'protocolError',
    status: 502,
  })
}

function endedByServer(spn: string): RejectedTokenError {
  return new RejectedTokenError(`${spn} ended the connection without a reason`, {
    code: 'GSS_S_FAILURE',
    status: 502,
    hint: 'The log of the server has the reason. Mostly the keytab of krb_server_keyfile has no key for this service principal name, or a clock is wrong.',
  })
}

function sized(token: Uint8Array): Uint8Array {
  const packet = new Uint8Array(4 + token.length)
  new DataView(packet.buffer).setUint32(0, token.length)
  packet.set(token, 4)
  return packet
}
