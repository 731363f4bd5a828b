import { ContextFlag, type Initiator, type InitiatorStep, type SecurityContext } from '@s4u/gssapi'
import { MalformedTokenError, RejectedTokenError } from '@s4u/krb5'
import type { Socket } from 'node:net'
import { HandshakeReader } from '../layer/handshake-reader.js'
import { ProtectedMessages } from '../layer/protected-messages.js'
import { endedByServer, refuseStuffing, requireYes } from './encryption-answer.js'

/** What is done to the octets on the way. */
export interface PostgresChannel {
  seal(data: Uint8Array): Uint8Array
  open(chunk: Uint8Array): Uint8Array[]
}

/**
 * A packet has 16,384 octets at most in both directions, of which four are its length. A longer one
 * ends the connection without a word. Source: PQ_GSS_MAX_PACKET_SIZE of PostgreSQL.
 */
const MAX_PACKET_TOKEN = 16_380

/** The longest token of the handshake, which servers since 2024 take too. Octets. */
const MAX_HANDSHAKE_TOKEN = 65_532

const GSSENC_REQUEST = Buffer.from('0000000804d21630', 'hex')
/**
 * Encrypts a connection with the keys of a ticket. Source: PostgreSQL documentation, "Message
 * Flow", section "GSSAPI Session Encryption".
 * @throws RejectedTokenError, MalformedTokenError
 */
export async function openGssEncryption(socket: Socket, spn: string, initiator: Initiator): Promise<PostgresChannel> {
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
  return { seal: (data) => messages.wrap(data), open: (chunk) => [messages.unwrap(chunk)] }
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

function sized(token: Uint8Array): Uint8Array {
  const packet = new Uint8Array(4 + token.length)
  new DataView(packet.buffer).setUint32(0, token.length)
  packet.set(token, 4)
  return packet
}
