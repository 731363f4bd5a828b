import { tlsServerEndPoint } from '@s4u/gssapi'
import { ConfigurationError, MalformedTokenError, RejectedTokenError } from '@s4u/krb5'
import { once } from 'node:events'
import type { TLSSocket } from 'node:tls'
import type { ContextSource } from '../caller.js'
import { HandshakeReader } from '../layer/handshake-reader.js'
import { isTooLong, type MailAnswer, signInToMail, tooLong } from './mail-sign-in.js'

/** A greeting, a challenge or an answer of a server, in octets. None of them is long. */
const MAX_LINE = 8_192

/** How many lines a server may say beside its answers. */
const MAX_ASIDE = 64

const TAG = 's4u1'

/**
 * Signs in on a connection that has just been opened, and leaves in it what a client of IMAP reads
 * first: the greeting of a server that knows who it is. Source: RFC 3501 sections 6.2.2 and 7.1.4.
 * @throws RejectedTokenError, MalformedTokenError; what the socket and `contextFor` say
 */
export async function signInToImap(socket: TLSSocket, as: ContextSource, spn: string): Promise<void> {
  const ended = new AbortController()
  let sent = ''
  const closed = (): RejectedTokenError => (isTooLong(sent) ? tooLong(spn, sent) : closedEarly(spn))
  socket.once('close', () => ended.abort(closed()))
  await once(socket, 'secureConnect')
  const reader = new HandshakeReader(socket, closed)
  // A client hears of errors alone as long as it is not connected.
  const onEnd = (): unknown => socket.destroy(closed())
  socket.once('end', onEnd)
  requireGreeting(spn, await reader.readLine(MAX_LINE))
  const send = (line: string): Promise<MailAnswer> => {
    sent = line
    socket.write(`${line}\r\n`)
    return answerOf(reader, spn)
  }
  await signInToMail({
    as,
    spn,
    channelBindings: bindingsOf(socket),
    signal: ended.signal,
    begin: () => send(`${TAG} AUTHENTICATE GSSAPI`),
    respond: send,
  })
  socket.off('end', onEnd).pause()
  const rest = await reader.read(reader.pending)
  reader.release()
  socket.unshift(Buffer.concat([Buffer.from('* PREAUTH signed in with Kerberos\r\n'), rest]))
}

/** A server that lets in by itself has not proven who it is. */
function requireGreeting(spn: string, line: string): void {
  if (/^\* OK(?: |$)/i.test(line)) return
  throw new RejectedTokenError(`${spn} does not greet as a server that asks for a sign-in`, {
    code: /^\* PREAUTH(?: |$)/i.test(line) ? 'KRB_AP_ERR_MUT_FAIL' : 'GSS_S_FAILURE',
    status: 502,
    hint: 'See whether this is the port of IMAP with TLS (993), and whether the server takes connections.',
  })
}

async function answerOf(reader: HandshakeReader, spn: string): Promise<MailAnswer> {
  for (let count = 0; count < MAX_ASIDE; count++) {
    const answer = readImapAnswer(await reader.readLine(MAX_LINE))
    if (answer !== undefined) return answer
  }
  throw malformed(`an answer of ${spn}`, `more than ${MAX_ASIDE} lines beside it`)
}

/**
 * Returns what a line answers to a sign-in; undefined for one beside it (`* CAPABILITY …`).
 * @throws MalformedTokenError
 */
export function readImapAnswer(line: string): MailAnswer | undefined {
  if (line === '+' || line.startsWith('+ ')) return { status: 'challenge', base64: line.slice(2) }
  const [, tag, verdict, text] = /^(\S+) (\S+) ?(.*)$/.exec(line) ?? []
  if (tag === TAG) return verdict.toUpperCase() === 'OK' ? { status: 'accepted' } : { status: 'refused', text }
  if (tag !== '*') throw malformed('a line that begins with +, * or the tag', 'another one')
  if (verdict.toUpperCase() === 'BYE') return { status: 'refused', text }
  // The octets of a literal could look like an answer.
  if (/\{\d+\+?\}$/.test(line)) throw malformed('a line', 'a literal')
  return undefined
}

/**
 * Binds the context to the certificate; for one that has no such binding (Ed25519), not at all.
 */
function bindingsOf(socket: TLSSocket): Uint8Array | undefined {
  try {
    return tlsServerEndPoint(socket.getPeerCertificate().raw)
  } catch (error) {
    if (error instanceof ConfigurationError) return undefined
    throw error
  }
}

function closedEarly(spn: string): RejectedTokenError {
  return new RejectedTokenError(`${spn} ended the connection without a reason`, {
    code: 'GSS_S_FAILURE',
    status: 502,
    hint: 'The log of the server has the reason.',
  })
}

function malformed(expected: string, found: string): MalformedTokenError {
  return new MalformedTokenError({ path: 'IMAP.answer', expected, found, status: 502 })
}
